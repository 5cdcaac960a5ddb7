# shellcheck shell=bash
# Linux's own code held against the model, and against another tree's: for ci/linux, which sets name and tree.

# The engines of the model that have the order of steps of the tree's version: since 6.9 also that which zaps pages of a folio in a
# row at once, as it does. `models_of_linux` in engine/zap/engines.cpp says the same.
models_of_tree() {
  local version patchlevel
  version=$(sed -nE 's/^VERSION = ([0-9]+)$/\1/p' "${tree:?}/Makefile")
  patchlevel=$(sed -nE 's/^PATCHLEVEL = ([0-9]+)$/\1/p' "$tree/Makefile")
  if ((version > 6 || (version == 6 && patchlevel >= 9))); then
    echo delayed_rmap delayed_rmap_ranges
  elif ((version == 6 && patchlevel >= 2)); then
    echo delayed_rmap
  else
    echo eager_dirty
  fi
}

# On so many programs without a race, and under so many schedules: COUNT SCHEDULES.
compare_with_model() {
  local compare=build/linux/${name:?}/compare model status=0
  if [[ $# == 0 ]]; then set -- 10000 1000; fi
  for model in $(models_of_tree); do
    headline "Comparing $model with linux-$name"
    "$compare" "$model" "linux-$name" "$1" corpus/*.program || status=1
    [[ $2 == 0 ]] || "$compare" --schedules engine/linux/differences "$model" "linux-$name" "$2" corpus/*.program || status=1
  done
  return $status
}

# What programs do there: NAME, in a file of the scratch.
describe_runs() {
  "build/linux/$1/describe_runs" "linux-$1" 2000 corpus/*.program corpus/findings/*/*.program \
    >"${scratch:?}/$1" || die "linux-$1 cannot run the programs" 3
}

# Of the differences, "< LINE" and "> LINE", so many programs break what the other does not: one line for each guarantee.
count_broken() {
  awk -F '\t' -v one="linux-$1" -v other="linux-$2" '
    $2 !~ /^breaks / { next }
    {
      side = substr($1, 1, 1) == "<" ? one : other
      program = substr($1, 3)
      what = $2; sub(/^breaks /, "", what); sub(/ under some schedule$|, one operation.*/, "", what)
      key = side " breaks " what
      if (!((key, program) in seen)) { seen[key, program]; ++count[key]; if (!(key in first)) first[key] = program }
    }
    END { for (key in count) printf "only %s, in %d programs: first in %s\n", key, count[key], first[key] }' "$3" | sort
}

# The first line of each program and side, of ten programs.
first_of_each() {
  awk -F '\t' '!seen[$1]++ && ++lines <= 20' "$1"
}

# Returns whether the tree's code and that of another NAME do the same.
compare_with_tree() {
  local other=$1 status=0
  headline "Comparing linux-$name with linux-$other"
  make_scratch
  describe_runs "$name"
  describe_runs "$other"
  if diff "$scratch/$name" "$scratch/$other" >"$scratch/differences"; then
    echo "linux-$name and linux-$other: the same in all programs"
    return
  fi
  grep -a '^[<>]' "$scratch/differences" >"$scratch/lines"
  count_broken "$name" "$other" "$scratch/lines"
  if grep -vP '\tbreaks ' "$scratch/lines" >"$scratch/facts"; then
    echo "What threads see, or how the kernel is then, differs in $(cut -f 1 "$scratch/facts" | cut -c 3- | sort -u | wc -l) programs (< linux-$name, > linux-$other):"
    first_of_each "$scratch/facts"
    status=1
  fi
  if grep -qP '\tbreaks ' "$scratch/lines"; then status=1; fi
  return $status
}

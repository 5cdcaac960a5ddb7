# shellcheck shell=bash
# ci/corpus merge: a corpus as small as it can be with the same coverage. ci/corpus sources it.
#
# libFuzzer does the work, in a process that is started again behind every input that ends it. Two things about it
# matter here. Of inputs of the same size it takes those first that the file system lists first, and what is kept
# depends on the order; so we decide the order. And what happens once in a process only (a table is filled, memory is
# allocated) counts as coverage of the first input after every start; so what was merged in several processes is
# merged once more.

# Long inputs are not cut: what a fuzzer with another limit has found counts as well.
merge_flags=(-merge=1 -timeout=30 -max_len=1048576)

# Not exact: merged in several processes.
edges=0 features=0 exact=

# --- what is taken in ---

# Copies inputs, whose names come from standard input, each ended by a null byte: FOLDER that they are relative to, TO.
copy_inputs() {
  (cd "$1" && xargs -0 -r cp --parents -t "$OLDPWD/$2" --) || die "$1: cannot be copied" 2
}

# Copies the inputs of a folder into a fresh one below $scratch/in; texts as bytes, but for the target that takes text.
take_folder() {
  local folder=$1 target=$2 inputs texts
  inputs=$(mktemp -d "$scratch/in/XXXXXX")
  if [[ $(find "$folder/" -name $'*\n*' -print -quit) ]]; then die "$folder: a name in it has a line break" 2; fi
  (cd "$folder" && list_inputs . queue) >"$scratch/list"
  if [[ $target == text ]]; then
    copy_inputs "$folder" "$inputs" <"$scratch/list"
    return
  fi
  { grep -vz '\.program$' "$scratch/list" || true; } | copy_inputs "$folder" "$inputs"
  if ! grep -qz '\.program$' "$scratch/list"; then return; fi
  texts=$(mktemp -d "$scratch/texts-XXXXXX")
  grep -z '\.program$' "$scratch/list" | copy_inputs "$folder" "$texts"
  "$build/shootdown" assemble "$texts" -o "$inputs/texts" >"$scratch/assemble.log" 2>&1 || {
    local said
    said=$(<"$scratch/assemble.log")
    printf '%s\n' "${said//"$texts/"/"$folder/"}" >&2
    die "$folder: has texts that cannot be encoded" 2
  }
}

take_zip() {
  local zip=$1 target=$2 status=0 folder
  folder=$(mktemp -d "$scratch/zip-XXXXXX")
  unzip -q -o "$zip" -d "$folder" >"$scratch/unzip.log" 2>&1 </dev/null || status=$?
  # To unzip, a zip without files is worth a warning, as is much else.
  if [[ $status != 0 && ! ($status == 1 && $(<"$scratch/unzip.log") == *"zipfile is empty"*) ]]; then
    cat "$scratch/unzip.log" >&2
    die "$zip: cannot be unpacked" 2
  fi
  take_folder "$folder" "$target"
}

# A folder, with the zips in it; or a zip.
take_in() {
  local source=$1 target=$2 zip
  if [[ ! -d $source ]]; then
    take_zip "$source" "$target"
    return
  fi
  take_folder "$source" "$target"
  while IFS= read -r -d '' zip; do
    take_zip "$zip" "$target"
  done < <(find "$source/" -mindepth 1 -name '.*' -prune -o -name '*.zip' -type f -print0 | sort -z)
}

# --- libFuzzer at work ---

# Prints the paths of the inputs in folders, each contents once: the smallest first, of equal size by their digest.
in_order() {
  find "$@" -type f -print0 >"$scratch/paths"
  paste <(xargs -0 -r stat --printf='%s\n' -- <"$scratch/paths") \
    <(xargs -0 -r sha1sum -z -- <"$scratch/paths" | tr '\0' '\n') |
    sort -t $'\t' -k1,1n -k2,2 | awk -F '\t' '!seen[substr($2, 1, 40)]++' | cut -f 2- | cut -c 43-
}

# How many inputs the children of libFuzzer have begun to read: CONTROL file.
count_started() {
  grep -a -c '^STARTED' "$1" || true
}

# Waits for libFuzzer, with progress: LOG, CONTROL file, TOTAL of inputs.
await_merger() {
  local log=$1 control=$2 total=$3 status=0 step
  while kill -0 "$leader" 2>/dev/null; do
    # In steps, so that a quick end is not waited for.
    for ((step = 0; step < pulse_seconds * 5; ++step)); do
      sleep 0.2
      kill -0 "$leader" 2>/dev/null || break 2
    done
    printf '  %9s of %s inputs\n' "$(grouped "$(count_started "$control")")" "$(grouped "$total")"
  done
  wait "$leader" || status=$?
  leader=
  if [[ $status != 0 ]]; then
    tail -n 40 "$log" >&2
    die "the merge failed with status $status; its whole output is in $log" 3
  fi
}

# libFuzzer takes it for the end of its work when its children cannot start: LOG, CONTROL file, TOTAL of inputs.
require_all_processed() {
  local started
  started=$(count_started "$2")
  [[ $started == "$3" ]] || die "the merge has read $started of $3 inputs, expected all; its whole output is in $1" 3
}

# Copies inputs from folders into a fresh one, as many as their coverage needs: TARGET, TO, FOLDERS...
# Sets edges, features and exact. Adds inputs that ended the target to $scratch/broken, and what it said to
# $scratch/facts.
merge_once() {
  local target=$1 to=$2 log=build/log/corpus-$1.log control=$scratch/control total
  shift 2
  rm -rf "$to"
  mkdir -p "$to"
  in_order "$@" >"$scratch/order"
  # The state of a merge that was interrupted before its first input, for libFuzzer to go on with: so the order is ours.
  total=$(wc -l <"$scratch/order")
  { echo "$total"; echo 0; cat "$scratch/order"; } >"$control"
  # By a path without spaces, wherever the program is.
  ln -sfn "$(realpath -- "$build/fuzz_$target")" "$scratch/target"
  TMPDIR=$scratch setsid "$scratch/target" "${merge_flags[@]}" -merge_control_file="$control" \
    "$to" "$@" >"$log" 2>&1 </dev/null &
  leader=$!
  await_merger "$log" "$control" "$total"
  require_all_processed "$log" "$control" "$total"
  read -r features edges < <(sed -nE \
    's/^MERGE-OUTER: .* new files with ([0-9]+) new features added; ([0-9]+) new coverage edges$/\1 \2/p' "$log") ||
    die "the merge says nothing of coverage; its whole output is in $log" 3
  exact=yes
  sed -nE "s/^MERGE-INNER: '(.*)' caused a failure at the previous merge step$/\1/p" "$log" >"$scratch/ended"
  if [[ ! -s $scratch/ended ]]; then return; fi
  exact=
  keep_broken "$target"
  grep -aE '^(shootdown|fuzz_text): |^SUMMARY: ' "$log" | grep -v 'libFuzzer: deadly signal' >>"$scratch/facts" || true
}

# Copies the inputs in the list $scratch/ended to where findings are.
keep_broken() {
  local target=$1 file digest
  mkdir -p "build/findings/$target"
  while IFS= read -r file; do
    digest=$(sha1sum <"$file")
    cp -- "$file" "build/findings/$target/crash-${digest%% *}"
    echo "$digest" >>"$scratch/broken"
  done <"$scratch/ended"
}

# The same, exact.
minimise() {
  local target=$1 to=$2
  merge_once "$@"
  if [[ $exact ]]; then return; fi
  rm -rf "$scratch/again"
  mv -T "$to" "$scratch/again"
  merge_once "$target" "$to" "$scratch/again"
  [[ $exact ]] || die "an input broke nothing at first, and something when run again: see build/log/corpus-$target.log" 3
}

# --- what came of it ---

# A row of the table: WHAT, FOLDER, EDGES, FEATURES.
row() {
  local files bytes
  read -r files bytes < <(find "$2" -type f -printf '%s\n' | awk '{ bytes += $1 } END { print NR, bytes + 0 }')
  printf '%-15s %11s %13s %9s %9s\n' "$1" "$(grouped "$files")" "$(grouped "$bytes")" "$3" "$4"
}

report_broken() {
  echo
  local count
  count=$(sort -u "$scratch/broken" | wc -l)
  echo "Left out, because the target ended on them, and kept in build/findings/$1/: inputs: $count"
  sed -E 's/^(shootdown|SUMMARY): //; s/-?\b(0x[0-9a-f]+|[0-9]+)\b/N/g' "$scratch/facts" | sort | uniq -c | sort -rn
  echo "To make regressions of them: ci/corpus add build/findings/$1"
}

list_names() {
  find "$1" -type f -printf '%P\n' | sort
}

# Puts the new corpus into the place of the old one: FRESH, CORPUS, OLD. What a fuzzer has added to it in the meantime,
# since $scratch/names was written, goes with it.
replace() {
  local fresh=$1 corpus=$2 old=$3 name
  # Nobody shall disturb; if someone does, restore() finds the old corpus.
  trap '' INT TERM HUP
  while IFS= read -r name; do
    cp -- "$corpus/$name" "$fresh/${name//\//-}"
  done < <(comm -13 "$scratch/names" <(list_names "$corpus"))
  mv -T "$corpus" "$old"
  mv -T "$fresh" "$corpus"
  rm -rf "$old"
  trap 'exit 130' INT TERM HUP
}

# If a replacement was cut off between its two renamings, the old corpus stands aside and is whole.
restore() {
  local fresh=$1 corpus=$2 old=$3
  if [[ -d $old && -z $(ls -A "$corpus" 2>/dev/null) ]]; then
    rm -rf "$corpus"
    mv -T "$old" "$corpus"
  fi
  rm -rf "$fresh" "$old"
}

check_merge_arguments() {
  local source
  [[ ${1-} ]] || die "merge: expected an engine, or text; see ci/corpus --help" 2
  require_name target "$1" "$(engines; echo text)"
  for source in "${@:2}"; do
    [[ -d $source || (-f $source && $source == *.zip) ]] || die "$source: expected a folder or a zip" 2
  done
}

merge() {
  local -a sources=()
  local argument
  for argument in "${@:2}"; do sources+=("$(path_from_root "$argument")"); done
  check_merge_arguments "${1-}" "${sources[@]}"
  local target=$1 source lock old_features fresh=work/.fresh-$1 corpus=work/$1 old=work/.old-$1
  local -a table=()
  prepare shootdown "fuzz_$target"
  tool=$build/shootdown require_oracles "${SHOOTDOWN_ORACLES:-claims}"
  mkdir -p work
  exec {lock}>"work/.lock-$target"
  flock -n "$lock" || die "another merge of $target is at work" 2
  restore "$fresh" "$corpus" "$old"
  mkdir -p "$corpus" "$scratch/in" "$scratch/old"
  list_names "$corpus" >"$scratch/names"
  for source in "${sources[@]}"; do take_in "$source" "$target"; done
  [[ $(find "$corpus" "$scratch/in" -type f -print -quit) ]] || die "there is nothing to merge: $corpus is empty" 2

  headline "Merging $target"
  if [[ -s $scratch/names ]]; then minimise "$target" "$scratch/old" "$corpus"; fi
  table+=("$(row before "$corpus" "$edges" "$features")")
  old_features=$features
  if [[ ${#sources[@]} != 0 ]]; then table+=("$(row "taken in" "$scratch/in" '' '')"); fi
  minimise "$target" "$fresh" "$scratch/old" "$scratch/in"
  [[ $features -ge $old_features ]] || die "the merge has lost coverage; nothing was changed" 3
  table+=("$(row after "$fresh" "$edges" "$features")")
  replace "$fresh" "$corpus" "$old"

  printf '%-15s %11s %13s %9s %9s\n' "$target" files bytes edges features
  printf '%s\n' "${table[@]}"
  if [[ -e $scratch/broken ]]; then
    report_broken "$target"
    return 1
  fi
}

# shellcheck shell=bash
# What the scripts in ci/ share. Not a program: they source it first of all, and are in the root of the project from
# then on.

# The folder of the user, whose paths are relative to it.
called_from=$PWD
# With it, cd may lead elsewhere, and prints where.
unset CDPATH
cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
# Numbers with points, messages in English, and the same order of names everywhere.
export LC_ALL=C

# Between lines of progress.
pulse_seconds=2

# How libFuzzer searches: without accounts of which features are rare, which cost more than they bring. Chosen by
# ci/measure-fuzzing. For OSS-Fuzz, ci/oss-fuzz/bytes.options says the same.
# shellcheck disable=SC2034 # for those who source this
libfuzzer_search_flags=(-entropic=0)

# --- messages ---

# Prints the comment at the head of a script, which is its help.
usage() {
  (cd -- "$called_from" && sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' -- "$0")
}

# Ends the script: MESSAGE, STATUS.
die() {
  echo "${0##*/}: $1" >&2
  exit "$2"
}

headline() {
  printf '\n== %s\n' "$1"
}

# 1234567 as 1,234,567.
grouped() {
  sed -E ':again; s/([0-9])([0-9]{3})($|,)/\1,\2\3/; t again' <<<"$1"
}

# A path that the user has given, from the root of the file system.
absolute_path() {
  (cd -- "$called_from" && realpath -m -- "$1")
}

# The same as short as it can be: from the root of the project if it is below it. Never like an option.
path_from_root() {
  local path
  path=$(realpath -m --relative-base=. -- "$(absolute_path "$1")")
  if [[ $path == -* ]]; then path=./$path; fi
  printf '%s\n' "$path"
}

# Calls a function for each argument, as many at once as there are CPUs, in processes that end when this one does: FUNCTION,
# ARGUMENTS... It must be exported, and what it uses. Fails if a call did.
at_once() {
  # shellcheck disable=SC2016 # for the inner shell
  printf '%s\0' "${@:2}" | xargs -0 -n1 -P"$(nproc)" bash -c 'set -euo pipefail; "$0" "$1"' "$1"
}

# --- what runs leave behind ---

# A folder for this run alone. Its path is relative: libFuzzer starts its children by a shell and does not quote, and in
# the path of the checkout, as in $TMPDIR, there may be spaces. Sets scratch.
scratch=
make_scratch() {
  mkdir -p build/scratch
  scratch=$(mktemp -d "build/scratch/${0##*/}-XXXXXX")
}

# The process that leads a group of processes of its own (started by setsid), while it is at work: libFuzzer works in
# children, which must not outlive it.
leader=

# Ends the group, and waits until all of it has gone.
stop_group() {
  local tries
  # It may be that there is no group yet.
  kill -TERM -- "-$leader" 2>/dev/null || kill -TERM "$leader" 2>/dev/null || true
  for ((tries = 0; tries < 50; ++tries)); do
    kill -0 -- "-$leader" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL -- "-$leader" 2>/dev/null || true
  wait "$leader" 2>/dev/null || true
  leader=
}

clean_up() {
  if [[ $leader ]]; then stop_group; fi
  if [[ $scratch ]]; then rm -rf "$scratch"; fi
}

# Nothing stays, however the script ends.
clean_up_at_exit() {
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
}

# --- files of the project ---

# Prints them as a clone would have them, each ended by a null byte: with new ones, without those that git ignores.
project_files() {
  local file
  # A repository further up knows nothing of us.
  if [[ -e .git ]]; then
    git ls-files -z --cached --others --exclude-standard
  else
    find . \( -path ./build -o -path ./work \) -prune -o -type f -printf '%P\0'
  fi | while IFS= read -r -d '' file; do
    # Deleted, but not yet for git.
    if [[ -e $file ]]; then printf '%s\0' "$file"; fi
  done
}

# --- engines, oracles, corpus ---

engines() {
  sed -nE 's/^ENGINE\(([a-z0-9_]+)\)$/\1/p' engine/zap/engines.def
}

# Ends the script if a NAME is none of those that there are: KIND, NAME, KNOWN names, one a line.
require_name() {
  local known
  while IFS= read -r known; do
    if [[ $known == "$2" ]]; then return; fi
  done <<<"$3"
  die "there is no $1 '$2'; there are: $(xargs <<<"$3")" 2
}

require_engine() {
  require_name engine "$1" "$(engines)"
}

# A mistake in a name is bad usage, not a failure of the fuzz target: SET of oracles. For scripts that set tool.
require_oracles() {
  local name known
  local -a names
  if [[ $1 == claims || $1 == all ]]; then return; fi
  known=$("${tool:?}" oracles | awk '{ print $1 }')
  mapfile -t -d , names < <(printf '%s,' "$1")
  for name in "${names[@]}"; do require_name oracle "$name" "$known"; done
}

# Writes the corpus as bytes, for fuzzers to begin with: FOLDER. For scripts that set tool.
assemble_corpus() {
  "${tool:?}" assemble corpus -o "$1" >/dev/null || die "the corpus cannot be assembled" 3
}

# --- what fuzzers find ---

# Makes what was found as small as it can be, CRASH.program beside it, and shows that: ENGINE, SET of oracles, CRASH. Fails if it
# cannot be made smaller. For scripts that set tool.
show_small() {
  local small=$3.program
  "${tool:?}" minimize --engine "$1" --oracles "$2" --output "$small" "$3" || return 1
  echo
  cat "$small"
  echo
  # What it shows is a violation.
  "$tool" run --engine "$1" --oracles "$2" --trace "$small" || [[ $? == 1 ]]
  echo "As small as it can be: $small"
}

# --- options of fuzzing jobs ---

# A number from 1 on: OPTION, VALUE, at most LIMIT.
require_number() {
  [[ $2 =~ ^[1-9][0-9]{0,8}$ && $2 -le $3 ]] || die "$1: expected a number from 1 to $3, found '$2'" 2
}

# Sets seconds, jobs and oracles: LIMIT of jobs, OPTIONS...
read_job_options() {
  local limit=$1
  shift
  seconds=60 jobs=1 oracles=claims
  while [[ $# != 0 ]]; do
    case $1 in
      --seconds) require_number "$1" "${2-}" 9999999; seconds=$2 ;;
      --jobs) require_number "$1" "${2-}" "$limit"; jobs=$2 ;;
      --oracles) [[ -n ${2-} ]] || die "$1: expected claims, all, or names of oracles" 2; oracles=$2 ;;
      *) die "no such option: $1; see ci/${0##*/} --help" 2 ;;
    esac
    shift 2
  done
}

# --- building ---

# Ends the script if one of these COMMANDS is missing, which ci/setup EXTRA installs: EXTRA, COMMANDS...
require_commands() {
  local command
  local -a missing=()
  for command in "${@:2}"; do
    command -v "$command" >/dev/null || missing+=("$command")
  done
  [[ ${#missing[@]} == 0 ]] || die "missing: ${missing[*]}; ci/setup $1 installs what is needed" 3
}

# Passes on a count of Ninja's at most every $pulse_seconds, and everything from the first failure on.
thin_out() {
  local line last=$SECONDS failed=
  while IFS= read -r line; do
    if [[ $line == FAILED* ]]; then failed=yes; fi
    if [[ $failed ]]; then
      echo "$line"
    elif [[ $line =~ ^\[[0-9]+/[0-9]+\] && $SECONDS -ge $((last + pulse_seconds)) ]]; then
      echo "  ${BASH_REMATCH[0]}"
      last=$SECONDS
    fi
  done
}

# Sees to what is needed: ci/setup's ARGUMENTS...
# shellcheck disable=SC2120 # most have none
set_up() {
  ci/setup "$@" || die "not all that is needed is there, see above" 3
  # The sanitizers look for their symboliser under its plain name.
  PATH=$PATH:$(llvm-config-19 --bindir)
}

# NAME of the log, CMake's ARGUMENTS...
cmake_configure() {
  local log=build/log/$1-configure.log
  shift
  mkdir -p build/log
  cmake "$@" >"$log" 2>&1 || { cat "$log" >&2; die "CMake failed" 3; }
}

# ARGUMENTS of cmake --build...
cmake_build() {
  cmake --build "$@" | thin_out || die "the build failed" 3
}

# PRESET, TARGETS...
build_targets() {
  headline "Building, preset $1"
  cmake_configure "$1" --preset "$1"
  cmake_build --preset "$1" --target "${@:2}"
}

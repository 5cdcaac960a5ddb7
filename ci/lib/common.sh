# shellcheck shell=bash
# What the scripts in ci/ share. Not a program: they source it, from the root of the project.

# Between lines of progress.
pulse_seconds=2

# --- messages ---

# Prints the comment at the head of a script, which is its help.
usage() {
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
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

# A path that a user has given, as it is called from the root of the project. For scripts that set called_from.
path_from_root() {
  (cd "${called_from:?}" && realpath -m --relative-base="$OLDPWD" -- "$1")
}

# --- engines, oracles, corpus ---

engines() {
  sed -nE 's/^ENGINE\(([a-z0-9_]+)\)$/\1/p' engine/zap/engines.def
}

# A mistake in a name is bad usage, not a failure of the fuzz target: SET of oracles. For scripts that set tool.
check_oracles() {
  local name known
  if [[ $1 == claims || $1 == all ]]; then return; fi
  known=$("${tool:?}" oracles | awk '{ print $1 }')
  for name in ${1//,/ }; do
    grep -qxF -- "$name" <<<"$known" || die "there is no oracle '$name'; there are: $(xargs <<<"$known")" 2
  done
}

# Writes the corpus as bytes, for fuzzers to begin with: FOLDER. For scripts that set tool.
assemble_corpus() {
  rm -rf "$1"
  "${tool:?}" assemble corpus -o "$1" >build/log/assemble.log || die "the corpus cannot be assembled" 3
}

# --- building ---

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

# Sets up and builds: PRESET, TARGETS...
build_targets() {
  local preset=$1 log=build/log/$1-configure.log
  shift
  headline "Building"
  ci/setup
  # The sanitizers look for their symboliser under its plain name.
  PATH=$PATH:$(llvm-config-19 --bindir)
  mkdir -p build/log
  cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; die "CMake failed" 3; }
  cmake --build --preset "$preset" --target "$@" | thin_out || die "the build failed" 3
}

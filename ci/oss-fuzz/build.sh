#!/usr/bin/env bash
# Builds the fuzz targets, and all that belongs to them, in the image of OSS-Fuzz or ClusterFuzzLite. To try it
# without either: ci/oss-fuzz/dry-run.
#
# Usage: build.sh, without arguments. The image sets:
#   CXX, CXXFLAGS       how to compile. Targets and tool get these flags as they are, and none for sanitizers besides
#   LIB_FUZZING_ENGINE  what to link targets with: a flag or an archive
#   SRC                 where the source is, in the folder shootdown
#   WORK                where to build
#   OUT                 where the results go. For each target T: T, T_seed_corpus.zip, T.dict, T.options
#
# Needs no network. May be run again with another environment, in the same folders.
#
# Exit status: 0 all is built; otherwise that of the command that failed.
#
# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
set -euo pipefail
cd "$SRC/shootdown"

build=$WORK/shootdown
# Of both forms of inputs, bytes and text: seeds as a folder and a zip, and the dictionary.
parts=$WORK/parts

# The tool makes seeds and dictionaries here. It never goes to $OUT: what is there is fuzzed or in the way.
shootdown() {
  # It is checked like the targets are, but for leaks: that takes ptrace, which a container may forbid. And a
  # coverage build must not leave its profile in the source.
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 LLVM_PROFILE_FILE=/dev/null "$build/shootdown" "$@"
}

# Packs the files of a folder: FOLDER, ZIP. The same files make the same bytes, whenever and wherever: in the same
# order, of the same age, without owners, and not compressed, which every version does in another way.
pack() {
  find "$1" -type f -exec chmod 644 {} + -exec env TZ=UTC touch -t 198001010000 {} +
  (cd "$1" && find . -type f | LC_ALL=C sort | TZ=UTC zip -q -X -0 -j - -@) >"$2"
}

make_parts() {
  local form
  rm -rf "$parts"
  mkdir -p "$parts/bytes" "$parts/text"
  shootdown assemble corpus -o "$parts/bytes"
  # Whatever bytes a text target gets, it also takes for an encoded program.
  find corpus -name '*.program' -exec cp -t "$parts/text" {} +
  cp -r "$parts/bytes/." "$parts/text"
  for form in bytes text; do
    pack "$parts/$form" "$parts/$form.zip"
    shootdown dictionary "$form" -o "$parts/$form.dict"
  done
}

# Puts a target into $OUT, with what belongs to it.
install_target() {
  local name=${1##*/} form=bytes
  if [[ $name == fuzz_text ]]; then form=text; fi
  cp "$1" "$OUT/$name"
  cp "$parts/$form.zip" "$OUT/${name}_seed_corpus.zip"
  cp "$parts/$form.dict" "$OUT/$name.dict"
  cp "ci/oss-fuzz/$form.options" "$OUT/$name.options"
}

main() {
  : "${LIB_FUZZING_ENGINE:?is not set: this is for the image of OSS-Fuzz}"
  local file
  # Afresh: CMake would remember flags and engine of the last time.
  cmake --fresh -G Ninja -S . -B "$build" -DSHOOTDOWN_FUZZ=ON -DSHOOTDOWN_TOOL=ON
  cmake --build "$build" --target fuzz_targets shootdown
  make_parts
  for file in "$build"/fuzz_*; do
    if [[ -f $file && -x $file ]]; then install_target "$file"; fi
  done
}

main

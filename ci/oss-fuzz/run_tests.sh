#!/usr/bin/env bash
# Runs the unit tests in the image of OSS-Fuzz; builds them first, as far as that has not been done. OSS-Fuzz calls
# it to find out whether a changed source still does what it should.
#
# Usage: run_tests.sh, without arguments. The image sets CXX, CXXFLAGS, SRC and WORK as for build.sh.
#
# Needs no network, and leaves the source as it is.
#
# Exit status: 0 all tests pass; otherwise that of the command that failed.
#
# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
set -euo pipefail
cd "$SRC/shootdown"

tests=$WORK/shootdown-tests

# The image always names an engine for fuzz targets; the tests have a main function of their own. Without a build
# type the image's flags are all there are.
if [[ ! -e $tests/build.ninja ]]; then
  cmake -G Ninja -S . -B "$tests" -DLIB_FUZZING_ENGINE= -DSHOOTDOWN_TESTS=ON -DCMAKE_BUILD_TYPE=None
fi
cmake --build "$tests"
# The style is checked elsewhere: the image has neither clang-format nor clang-tidy.
ctest --test-dir "$tests" --output-on-failure --no-tests=error --label-exclude style -j "$(nproc)"

#!/usr/bin/env bash
# Builds the fuzz targets in the image of ClusterFuzzLite, in the same way as for OSS-Fuzz.
exec "$SRC/shootdown/ci/oss-fuzz/build.sh"

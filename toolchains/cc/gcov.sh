#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the locked gcov, by way of //toolchains/cc/gcov. `bazel coverage` wants a path in
# the source tree for it, while ours are outputs of the build. Bazel's own script, which
# calls this one, needs the host's shell as well; it sets ROOT.
for GCOV in "$ROOT"/bazel-out/*/bin/toolchains/cc/x86_64/gcov; do
  converter=${GCOV%/x86_64/gcov}/gcov/gcov_/gcov
  if [ -x "$GCOV" ] && [ -x "$converter" ]; then
    export GCOV
    exec "$converter" "$@"
  fi
done
echo "gcov.sh: no gcov below $ROOT/bazel-out: is it among coverage_files of the toolchain?" >&2
exit 1

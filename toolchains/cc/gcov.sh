#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the locked gcov. `bazel coverage` wants a path in the source tree for it, while
# ours is an output of the build. Bazel's own script, which calls this one, needs the
# host's shell as well.
root=${0%/toolchains/cc/gcov.sh}
for gcov in "$root"/bazel-out/*/bin/toolchains/cc/x86_64/gcov; do
  [ -x "$gcov" ] && exec "$gcov" "$@"
done
echo "gcov.sh: no gcov below $root/bazel-out: is it among coverage_files of the toolchain?" >&2
exit 1

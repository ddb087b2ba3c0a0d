#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs in place of a C compiler where no C toolchain fits the platform.
echo "there is no C toolchain for this platform, nor for tools that the build itself runs: see docs/toolchains.md and the register_toolchains lines of MODULE.bazel" >&2
exit 1

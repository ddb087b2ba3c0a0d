#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs in place of a C compiler where no C toolchain fits the platform.
echo "no C toolchain is registered for this platform: see toolchains/cc and the register_toolchains lines of MODULE.bazel" >&2
exit 1

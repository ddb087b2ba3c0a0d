#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
echo "protoc is not part of this build: commit the generated code, or use a Bazel that reads the registry" >&2
exit 1

# SPDX-License-Identifier: Apache-2.0
"""Bazel 7's built-in functions."""

load("//bazel/private:native.bzl", "native_proto_common")

proto_common = native_proto_common

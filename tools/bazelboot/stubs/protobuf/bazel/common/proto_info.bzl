# SPDX-License-Identifier: Apache-2.0
"""Bazel 7's built-in provider."""

load("//bazel/private:native.bzl", "native_proto_info")

ProtoInfo = native_proto_info

# SPDX-License-Identifier: Apache-2.0
"""Bazel 7's built-in rule."""

proto_library = native.proto_library

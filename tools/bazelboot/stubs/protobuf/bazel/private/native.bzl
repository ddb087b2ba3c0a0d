# SPDX-License-Identifier: Apache-2.0
"""The built-in names, for files that define the same names themselves."""

native_proto_info = ProtoInfo
native_proto_common = proto_common_do_not_use

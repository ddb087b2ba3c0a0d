# SPDX-License-Identifier: Apache-2.0
"""The nouns of //toolchains/debian."""

DebianPackageInfo = provider(
    doc = "One pinned package file, of any distribution.",
    fields = {
        "file": "File, or None where the package could not be had and TIDELOCK_MISSING=skip allows that. Example: make_4.4.1-2_amd64.deb",
        "key": "String: the package's key in its lock file. Example: \"make_4.4.1-2_amd64.deb\"",
        "missing": "String: why there is no file, \"\" where there is one. Example: \"not on any mirror, tried 3 places\"",
    },
)

ToolRootInfo = provider(
    doc = """Programs that run on any host of one architecture.

A tree in which every program is a static launcher that starts the real one by
the tree's own dynamic loader, so that `<tree.path>/usr/bin/make` can be
executed by an action wherever the tree lies.""",
    fields = {
        "missing": "String: why there is no tree, \"\" where there is one; only roots with may_be_missing lack theirs.",
        "tree": "File: the directory; None where missing. Example: bazel-out/k8-opt-exec/bin/toolchains/debian/kbuild",
        "name": "String: the root's name in roots.json. Example: \"kbuild\"",
    },
)

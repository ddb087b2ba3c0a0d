# SPDX-License-Identifier: Apache-2.0
"""A target that says where its package comes from."""

load("//providers:package_metadata_info.bzl", "PackageMetadataInfo")

def _package_metadata_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".package-metadata.json")
    ctx.actions.write(out, json.encode({
        "attributes": {},
        "label": str(ctx.label),
        "purl": ctx.attr.purl,
    }))
    return [
        DefaultInfo(files = depset([out])),
        PackageMetadataInfo(
            files = depset([out]),
            metadata = out,
        ),
    ]

_package_metadata = rule(
    doc = "Writes a package's URL into a file.",
    implementation = _package_metadata_impl,
    attrs = {
        "attributes": attr.label_list(doc = "Accepted for the sake of callers; nothing here reads it."),
        "purl": attr.string(doc = "The package's URL, such as pkg:golang/example.org/m@v1.0.0."),
    },
    provides = [PackageMetadataInfo],
)

def package_metadata(name, **kwargs):
    """Declares where the package comes from.

    Args:
      name: the target's name.
      **kwargs: attributes of the rule.
    """

    # A package's default metadata is this very target: without [] it depends on itself.
    _package_metadata(name = name, applicable_licenses = [], **kwargs)

# SPDX-License-Identifier: Apache-2.0
"""What is known of a package."""

PackageMetadataInfo = provider(
    doc = "Where a package comes from.",
    fields = {
        "files": "depset of the files that say it",
        "metadata": "the file with the package's URL",
    },
)

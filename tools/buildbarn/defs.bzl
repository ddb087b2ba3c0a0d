# SPDX-License-Identifier: Apache-2.0
"""What the proof of remote execution is given."""

_SERVERS = "//tools/buildbarn/servers"
_SHELL = "//tools/buildbarn:shell"

# What its arguments name.
PROOF_DATA = [_SHELL, _SERVERS]

# One module of each architecture, and one VM.
PROOF_ARGS = [
    "--servers=$(rootpath %s)" % _SERVERS,
    "--shell=$(rootpath %s)" % _SHELL,
    # As a hosted service is reached.
    "--tls",
    "--target=//kmod:tidelock/debian/x86_64/6.1.0-56-cloud-amd64",
    "--target=//kmod:tidelock/debian/aarch64/6.1.0-56-cloud-arm64",
    "--target=//vmtest/tests/load:load/debian/x86_64/6.1.0-56-cloud-amd64",
]

# SPDX-License-Identifier: Apache-2.0
"""The editor of BUILD files with which `bazel mod tidy` writes MODULE.bazel."""

def _buildozer_repo_impl(rctx):
    go = rctx.which("go")
    if not go:
        fail("`bazel mod tidy` builds buildozer with the machine's Go, and there is no `go` on PATH")
    out = rctx.path("buildozer.exe")
    result = rctx.execute(
        [go, "build", "-o", out, "github.com/bazelbuild/buildtools/buildozer"],
        environment = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
        working_directory = str(rctx.workspace_root),
    )
    if result.return_code != 0:
        fail("buildozer cannot be built; does go.mod have `tool github.com/bazelbuild/buildtools/buildozer`?\n" + result.stderr)
    rctx.file("BUILD.bazel", "exports_files([\"buildozer.exe\"])\n")

_buildozer_repo = repository_rule(
    doc = "Builds buildozer in the version that the tree's go.mod names.",
    implementation = _buildozer_repo_impl,
)

def _buildozer_binary_impl(_mctx):
    _buildozer_repo(name = "buildozer_binary")

buildozer_binary = module_extension(
    doc = "Makes the repository @buildozer_binary, which Bazel asks for by this name.",
    implementation = _buildozer_binary_impl,
)

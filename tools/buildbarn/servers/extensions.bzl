# SPDX-License-Identifier: Apache-2.0
"""Buildbarn's sources, pinned by a go.mod and go.sum of their own.

Its several hundred dependencies stay out of the repository's own go.mod: nothing here
is fetched before somebody builds the servers.
"""

load("@go_host_compatible_sdk_label//:defs.bzl", "HOST_COMPATIBLE_SDK")

_BUILD = """# SPDX-License-Identifier: Apache-2.0
package(default_visibility = ["//visibility:public"])

exports_files(["go.mod"])

filegroup(
    name = "patches",
    srcs = glob(["patches/*.patch"]),
)

filegroup(
    name = "sources",
    srcs = ["go.mod"] + glob(["vendor/**"]),
)
"""

# Folders, and entries of one, that are looked through at most.
_MANY = 100000

def _go(rctx, env, *args):
    """Runs the pinned SDK's go and returns what it prints."""
    go = rctx.path(HOST_COMPATIBLE_SDK).dirname.get_child("bin").get_child("go")
    got = rctx.execute([go] + list(args), environment = env, timeout = 1800)
    if got.return_code:
        fail("\n".join([
            "The sources of Buildbarn cannot be had: go {} failed:".format(" ".join(args)),
            got.stderr,
            "They are pinned in {} and {} and come from the module proxies in GOPROXY.".format(rctx.attr.go_mod, rctx.attr.go_sum),
        ]))
    return got.stdout

def _module(rctx, env, path):
    return json.decode(_go(rctx, env, "mod", "download", "-json", path))

def _below(patch, folder):
    """Moves what a patch of `diff` is applied to into a folder."""
    lines = patch.split("\n")
    moved = []
    for i, line in enumerate(lines):
        if line.startswith("--- ") and i + 1 < len(lines) and lines[i + 1].startswith("+++ "):
            line = "--- {}/{}".format(folder, line[4:])
        elif line.startswith("+++ ") and lines[i - 1].startswith("--- "):
            line = "+++ {}/{}".format(folder, line[4:])
        moved.append(line)
    return "\n".join(moved)

def _delete_build_files(rctx, top):
    """Some modules bring BUILD files, which would end this repository's glob."""
    folders = [rctx.path(top)]
    for _ in range(_MANY):
        if not folders:
            return
        for entry in folders.pop().readdir():
            if entry.basename in ["BUILD", "BUILD.bazel"]:
                rctx.delete(entry)
            elif entry.is_dir:
                folders.append(entry)
    fail("{} has more than {} folders.".format(top, _MANY))

def _host_module_cache(rctx):
    """What go commands of this machine have downloaded before, as a module proxy."""
    cache = rctx.getenv("GOMODCACHE", "")
    if not cache:
        cache = (rctx.getenv("GOPATH", "") or rctx.getenv("HOME", "") + "/go") + "/pkg/mod"
    cache += "/cache/download"
    return "file://{},".format(cache) if cache.startswith("/") and rctx.path(cache).exists else ""

def _sources_impl(rctx):
    scratch = str(rctx.path("scratch"))
    env = {
        "CGO_ENABLED": "0",
        "GOCACHE": scratch + "/build",
        "GOENV": "off",
        "GOFLAGS": "-mod=readonly -modcacherw",
        "GOMODCACHE": scratch + "/mod",
        "GOPATH": scratch,
        "GOPROXY": rctx.getenv("GOPROXY", ""),

        # go.sum alone decides what is right: the checksum database does not know all of it.
        "GOSUMDB": "off",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "HOME": scratch,
    }

    # What GOPROXY says, or go's own default.
    env["GOPROXY"] = _host_module_cache(rctx) + _go(rctx, env, "env", "GOPROXY").strip()
    rctx.file("go.mod", rctx.read(rctx.attr.go_mod))
    rctx.file("go.sum", rctx.read(rctx.attr.go_sum))
    number = 0
    for path, patches in rctx.attr.patches.items():
        for patch in patches:
            owner, _, name = patch.partition("//")
            text = rctx.read(_module(rctx, env, owner)["Dir"] + "/" + name)

            # Named by number: they are applied in this order.
            rctx.file("patches/{}.patch".format(100 + number), _below(text, "vendor/" + path))
            number += 1
    rctx.report_progress("Collecting the sources")
    _go(rctx, env, "mod", "vendor")
    rctx.delete("scratch")
    _delete_build_files(rctx, "vendor")
    rctx.file("BUILD.bazel", _BUILD)

_sources = repository_rule(
    doc = "The sources of the commands that a go.mod names as tools, with all that they import.",
    implementation = _sources_impl,
    attrs = {
        "go_mod": attr.label(doc = "The go.mod.", mandatory = True),
        "go_sum": attr.label(doc = "The go.sum.", mandatory = True),
        "patches": attr.string_list_dict(doc = "Module to the patches that it needs, each as module//file: patches that another module of the same list carries for it."),
    },
    environ = ["GOMODCACHE", "GOPATH", "GOPROXY"],
)

# The patches that Buildbarn builds its dependencies with are files of its own modules:
# they are taken from there.
_PATCHES = {
    "github.com/hanwen/go-fuse/v2": [
        "github.com/buildbarn/bb-remote-execution//patches/com_github_hanwen_go_fuse_v2/" + name
        for name in [
            "direntrylist-offsets-and-testability.diff",
            "writeback-cache.diff",
            "notify-testability.diff",
        ]
    ],
    "google.golang.org/genproto/googleapis/bytestream": [
        "github.com/buildbarn/bb-storage//patches/org_golang_google_genproto_googleapis_bytestream/service-registrar.diff",
    ],
}

def _buildbarn_impl(_mctx):
    _sources(
        name = "buildbarn_servers",
        go_mod = Label("//tools/buildbarn/servers:go.mod"),
        go_sum = Label("//tools/buildbarn/servers:go.sum"),
        patches = _PATCHES,
    )

buildbarn = module_extension(
    doc = "The sources of Buildbarn's servers.",
    implementation = _buildbarn_impl,
)

# SPDX-License-Identifier: Apache-2.0
"""One repository for each pinned package file, fetched when something needs it."""

load(":mirrors.bzl", "MIRROR_ENVIRON", "distdir_urls", "package_urls")
load(":providers.bzl", "DebianPackageInfo")

def repository_name(key):
    """The name of the repository that holds a lock's package.

    Args:
      key: the package's key, such as "libstdc++6_14.2.0-19_amd64.deb".

    Returns:
      The key with what repository names may not hold replaced.
    """
    return "".join([c if c.isalnum() or c in "_.-" else "_" for c in key.elems()])

def _package_file_impl(ctx):
    return [
        DefaultInfo(files = depset([ctx.file.file] if ctx.file.file else [])),
        DebianPackageInfo(file = ctx.file.file, key = ctx.attr.key, missing = ctx.attr.missing),
    ]

package_file = rule(
    doc = "Gives a package its name; the BUILD file of each package's repository has one, called `package`.",
    implementation = _package_file_impl,
    attrs = {
        "file": attr.label(doc = "The file; absent where the package is missing.", allow_single_file = True),
        "key": attr.string(doc = "Key in the lock file.", mandatory = True),
        "missing": attr.string(doc = "Why there is no file."),
    },
    provides = [DebianPackageInfo],
)

_BUILD = """load("{rules}", "package_file")

package_file(
    name = "package",
    {field} = {value},
    key = {key},
    visibility = ["//visibility:public"],
)
"""

def _package_repository_impl(rctx):
    if rctx.attr.url:
        urls = distdir_urls(rctx, rctx.attr.key) + [rctx.attr.url]
    else:
        urls = package_urls(rctx, rctx.attr.archive, rctx.attr.path, rctx.attr.snapshot)
    got = rctx.download(urls, output = "file/" + rctx.attr.key, sha256 = rctx.attr.sha256, allow_fail = True)
    if got.success:
        field, value = "file", "file/" + rctx.attr.key
    else:
        why = "not found in any of {} places with sha256 {}; to look again: tools/bazel fetch --force --repo=@@{}".format(len(urls), rctx.attr.sha256, rctx.name)
        if not rctx.attr.may_be_missing or rctx.getenv("TIDELOCK_MISSING", "") != "skip":
            fail("\n".join([
                "The pinned package {} cannot be had: {}.".format(rctx.attr.key, why),
                "  It is named in {}.".format(rctx.attr.lock),
                "  To refresh the lock: {}".format(rctx.attr.refresh),
                "  Or put the file into a folder and name that in TIDELOCK_DISTDIR.",
            ] + (["  Or set TIDELOCK_MISSING=skip to build without it."] if rctx.attr.may_be_missing else [])))
        field, value = "missing", why
    rctx.file("BUILD.bazel", _BUILD.format(
        field = field,
        key = repr(rctx.attr.key),
        rules = str(Label("//toolchains/debian:package.bzl")),
        value = repr(value),
    ))

package_repository = repository_rule(
    doc = "Downloads one pinned package and checks its sha256.",
    implementation = _package_repository_impl,
    attrs = {
        "archive": attr.string(doc = "Id of the archive, or empty where `url` is given."),
        "key": attr.string(doc = "Key in the lock file: the file's name.", mandatory = True),
        "lock": attr.string(doc = "The lock file, for messages.", mandatory = True),
        "may_be_missing": attr.bool(doc = "Whether TIDELOCK_MISSING=skip lets the build go on without this package."),
        "path": attr.string(doc = "Path below the archive."),
        "refresh": attr.string(doc = "Command that refreshes the lock, for messages.", mandatory = True),
        "sha256": attr.string(doc = "Hex digest of the file.", mandatory = True),
        "snapshot": attr.string(doc = "Time at which the lock saw the archive, such as 20261120T000000Z."),
        "url": attr.string(doc = "Where the file lies, for packages outside the Debian archives."),
    },
    # TIDELOCK_MISSING is read, and so watched, only where a package is gone.
    environ = MIRROR_ENVIRON,
)

def declare_packages(lock, lock_name, refresh, declared, may_be_missing = False):
    """Declares a repository for each package of a decoded lock; for module extensions.

    Args:
      lock: the decoded lock file.
      lock_name: its label, for messages.
      refresh: the command that refreshes it, for messages.
      declared: a dict that the extension keeps from lock to lock, of what each repository is.
        A file that two locks pin is one repository; two files of one name are an error.
      may_be_missing: see package_repository.

    Returns:
      A dict from the package's key to the label of its package_file, as a string
      that holds inside repositories of the same extension.
    """
    labels = {}
    for key, package in lock["packages"].items():
        name = repository_name(key)
        labels[key] = "@{}//:package".format(name)
        pinned = struct(key = key, lock = lock_name, sha256 = package["sha256"])
        other = declared.setdefault(name, pinned)
        if other.key != key or other.sha256 != pinned.sha256:
            fail("{} pins {} with sha256 {}, and {} pins {} with {}. Refresh one of them: {}".format(
                lock_name,
                key,
                pinned.sha256,
                other.lock,
                other.key,
                other.sha256,
                refresh,
            ))
        if other != pinned:
            continue
        archive = package.get("archive", "")
        package_repository(
            name = name,
            archive = archive,
            key = key,
            lock = lock_name,
            may_be_missing = may_be_missing,
            path = package.get("path", ""),
            refresh = refresh,
            sha256 = package["sha256"],
            # A package that left the mirrors keeps the time when it was last seen.
            snapshot = package.get("snapshot") or lock["archives"].get(archive, {}).get("snapshot", ""),
            url = package.get("url", ""),
        )
    return labels

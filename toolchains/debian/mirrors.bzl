# SPDX-License-Identifier: Apache-2.0
"""Where pinned packages are looked for.

Locks name a file by its archive's id and its path there, never by a host. The
places are tried in this order: $TIDELOCK_DISTDIR, the mirrors that apt is
configured with on this machine, $TIDELOCK_DEBIAN_MIRROR, snapshot.debian.org.
"""

load(":apt.bzl", "archive_of", "deb822_entries", "mirror_list", "one_line_entries")

# What a repository rule that calls package_urls must name in `environ`.
MIRROR_ENVIRON = ["TIDELOCK_DISTDIR", "TIDELOCK_DEBIAN_MIRROR"]

_SNAPSHOT = "https://snapshot.debian.org/archive"

# Folders of $TIDELOCK_DISTDIR that may hold a file, besides itself.
_DISTDIR_FOLDERS = ["", "bazel/", "packages/"]

def _expand(rctx, uri):
    """The addresses behind one of apt's: a list of mirrors in a file of this machine is read."""
    if uri.startswith("http://") or uri.startswith("https://"):
        return [uri.rstrip("/")]
    if uri.startswith("file:") or uri.startswith("copy:"):
        return ["file:///" + uri[len("file:"):].strip("/")]
    if uri.startswith("mirror+file:"):
        listed = rctx.path("/" + uri[len("mirror+file:"):].lstrip("/"))
        if not listed.exists:
            return []
        return mirror_list(rctx.read(listed, watch = "no"))
    return []

def configured_mirrors(rctx):
    """The base URLs per archive id that this machine is configured with, in order.

    Args:
      rctx: a repository context.

    Returns:
      A dict of lists: {"debian": [...], "debian-security": [...]}.
    """
    entries = []
    for name in ["/etc/apt/sources.list"]:
        if rctx.path(name).exists:
            entries += one_line_entries(rctx.read(name, watch = "no"))
    parts = rctx.path("/etc/apt/sources.list.d")
    if parts.exists:
        for part in sorted([str(p) for p in parts.readdir(watch = "no")]):
            if part.endswith(".sources"):
                entries += deb822_entries(rctx.read(part, watch = "no"))
            elif part.endswith(".list"):
                entries += one_line_entries(rctx.read(part, watch = "no"))
    found = {"debian": [], "debian-security": []}
    for uri, suite in entries:
        archive = archive_of(uri, suite)
        if archive:
            found[archive] += _expand(rctx, uri)
    base = rctx.getenv("TIDELOCK_DEBIAN_MIRROR", "").rstrip("/")
    if base:
        found["debian"].append(base)

    # Debian's mirrors carry the security archive beside the main one.
    for uri in list(found["debian"]):
        if uri.endswith("/debian"):
            found["debian-security"].append(uri + "-security")
    for uri in list(found["debian-security"]):
        if uri.endswith("/debian-security"):
            found["debian"].append(uri[:-len("-security")])
    return {archive: _unique(uris) for archive, uris in found.items()}

def _unique(items):
    return {item: None for item in items}.keys()

def distdir_urls(rctx, name):
    """The files of $TIDELOCK_DISTDIR that may be a package, as URLs.

    Args:
      rctx: a repository context; the rule's `environ` must include MIRROR_ENVIRON.
      name: the package's file name.

    Returns:
      A list of file URLs, empty where there is none.
    """
    distdir = rctx.getenv("TIDELOCK_DISTDIR", "").rstrip("/")
    if not distdir:
        return []
    if not distdir.startswith("/"):
        fail("TIDELOCK_DISTDIR is {}, a relative path, and Bazel runs in a folder of its own. Give the whole path.".format(distdir))
    found = []
    for folder in _DISTDIR_FOLDERS:
        candidate = rctx.path(distdir + "/" + folder + name)
        if candidate.exists:
            found.append("file://" + str(candidate).replace("%", "%25").replace(" ", "%20").replace("#", "%23"))
    return found

def package_urls(rctx, archive, path, snapshot):
    """All URLs to try for one file of an archive.

    Args:
      rctx: a repository context; the rule's `environ` must include MIRROR_ENVIRON.
      archive: the archive's id, such as "debian-security".
      path: the file's path below the archive, such as "pool/main/m/make/make_4.4.1-2_amd64.deb".
      snapshot: when the lock saw the file, such as "20261120T000000Z".

    Returns:
      A list of URLs, nearest first.
    """
    urls = distdir_urls(rctx, path.split("/")[-1])
    mirrors = configured_mirrors(rctx)
    if archive not in mirrors:
        fail("The lock names the archive {}; known are {}. Correct the lock, or teach mirrors.bzl about it.".format(archive, sorted(mirrors)))
    quoted = path.replace("+", "%2B").replace("~", "%7E")
    urls += [base + "/" + quoted for base in mirrors[archive]]
    if snapshot:
        urls.append("{}/{}/{}/{}".format(_SNAPSHOT, archive, snapshot, quoted))
    return urls

# SPDX-License-Identifier: Apache-2.0
"""Where pinned packages are looked for.

Locks name a file by its archive's id and its path there, never by a host. The
places are tried in this order: $TIDELOCK_DISTDIR, the mirrors that apt is
configured with on this machine, $TIDELOCK_DEBIAN_MIRROR, snapshot.debian.org.
"""

# What a repository rule that calls package_urls must name in `environ`.
MIRROR_ENVIRON = ["TIDELOCK_DISTDIR", "TIDELOCK_DEBIAN_MIRROR"]

_SNAPSHOT = "https://snapshot.debian.org/archive"

# Folders of $TIDELOCK_DISTDIR that may hold a file, besides itself.
_DISTDIR_FOLDERS = ["", "bazel/", "packages/"]

def _one_line_entries(text):
    """(uri, suite) pairs of a sources.list file."""
    entries = []
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line.startswith("deb ") and not line.startswith("deb\t"):
            continue
        rest = line[4:].strip()
        if rest.startswith("["):
            rest = rest[rest.find("]") + 1:]
        words = [w for w in rest.replace("\t", " ").split(" ") if w]
        if len(words) >= 2:
            entries.append((words[0], words[1]))
    return entries

def _deb822_entries(text):
    """(uri, suite) pairs of a .sources file."""
    entries = []
    for stanza in (text + "\n").replace("\r", "").replace("\n \n", "\n\n").split("\n\n"):
        fields = {}
        last = None
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in [" ", "\t"] and last:
                fields[last] += " " + line.strip()
            elif ":" in line:
                last, _, value = line.partition(":")
                last = last.lower()
                fields[last] = value.strip()
        if fields.get("enabled", "yes").lower() in ["no", "false"]:
            continue
        if "deb" not in fields.get("types", "deb").split(" "):
            continue
        for uri in fields.get("uris", "").split(" "):
            for suite in fields.get("suites", "").split(" "):
                if uri and suite:
                    entries.append((uri, suite))
    return entries

def _archive_of(uri, suite):
    """Which archive of a lock an apt entry serves; None for third parties' repositories."""
    name = uri.rstrip("/").split("/")[-1]
    if name == "debian-security" or suite.endswith("-security") or suite.endswith("/updates"):
        return "debian-security"
    if name == "debian":
        return "debian"
    return None

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
            entries += _one_line_entries(rctx.read(name, watch = "no"))
    parts = rctx.path("/etc/apt/sources.list.d")
    if parts.exists:
        for part in sorted([str(p) for p in parts.readdir(watch = "no")]):
            if part.endswith(".sources"):
                entries += _deb822_entries(rctx.read(part, watch = "no"))
            elif part.endswith(".list"):
                entries += _one_line_entries(rctx.read(part, watch = "no"))
    found = {"debian": [], "debian-security": []}
    for uri, suite in entries:
        archive = _archive_of(uri, suite)
        if archive and (uri.startswith("http://") or uri.startswith("https://")):
            found[archive].append(uri.rstrip("/"))
    base = rctx.getenv("TIDELOCK_DEBIAN_MIRROR", "").rstrip("/")
    if base:
        found["debian"].append(base)

    # Debian's mirrors carry the security archive beside the main one.
    for uri in list(found["debian"]):
        if uri.endswith("/debian"):
            found["debian-security"].append(uri + "-security")
    return {archive: _unique(uris) for archive, uris in found.items()}

def _unique(items):
    return {item: None for item in items}.keys()

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
    name = path.split("/")[-1]
    distdir = rctx.getenv("TIDELOCK_DISTDIR", "")
    if distdir:
        for folder in _DISTDIR_FOLDERS:
            candidate = rctx.path(distdir + "/" + folder + name)
            if candidate.exists:
                return ["file://" + str(candidate)]
    mirrors = configured_mirrors(rctx)
    if archive not in mirrors:
        fail("The lock names the archive {}; known are {}. Correct the lock, or teach mirrors.bzl about it.".format(archive, sorted(mirrors)))
    quoted = path.replace("+", "%2B").replace("~", "%7E")
    urls = [base + "/" + quoted for base in mirrors[archive]]
    if snapshot:
        urls.append("{}/{}/{}/{}".format(_SNAPSHOT, archive, snapshot, quoted))
    return urls

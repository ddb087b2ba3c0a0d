# SPDX-License-Identifier: Apache-2.0
"""Reads where apt is told to find Debian: the Starlark twin of archive/mirror/apt.go."""

# Names that a suite of Debian goes by; other suites are a third party's.
_SUITES = [
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
]

# What follows a suite's name where the main archive holds it.
_POCKETS = ["", "updates", "backports", "backports-sloppy", "proposed-updates"]

def _words(text):
    return [word for word in text.replace("\t", " ").split(" ") if word]

def one_line_entries(text):
    """Reads a sources.list file, sources.list(5).

    Args:
      text: of the file.

    Returns:
      A list of (uri, suite) pairs of its binary archives.
    """
    entries = []
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not (line.startswith("deb ") or line.startswith("deb\t") or line.startswith("deb[")):
            continue
        rest = line[3:].strip()
        if rest.startswith("["):
            rest = rest[rest.find("]") + 1:]
        words = _words(rest)
        if len(words) >= 2:
            entries.append((words[0].strip("\""), words[1]))
    return entries

def deb822_entries(text):
    """Reads a .sources file, sources.list(5).

    Args:
      text: of the file.

    Returns:
      A list of (uri, suite) pairs of its enabled binary archives.
    """
    entries = []
    stanzas = [{}]
    last = None
    for line in text.replace("\r", "").splitlines():
        if not line.strip():
            stanzas.append({})
            last = None
        elif line.startswith("#"):
            continue
        elif line[0] in [" ", "\t"]:
            if last:
                stanzas[-1][last] += " " + line.strip()
        elif ":" in line:
            last, _, value = line.partition(":")
            last = last.lower()
            stanzas[-1][last] = value.strip()
    for fields in stanzas:
        if fields.get("enabled", "yes").lower() in ["no", "false", "without", "off", "disable", "0"]:
            continue
        if "deb" not in _words(fields.get("types", "")):
            continue
        for uri in _words(fields.get("uris", "")):
            for suite in _words(fields.get("suites", "")):
                entries.append((uri, suite))
    return entries

def archive_of(uri, suite):
    """Which archive of a lock an entry serves.

    Args:
      uri: of the entry.
      suite: of the entry, such as "bookworm-security".

    Returns:
      "debian" or "debian-security"; None for a third party's repository.
    """
    base, _, pocket = suite.rstrip("/").partition("-")
    base, _, old = base.partition("/")  # before bullseye: buster/updates
    if base not in _SUITES:
        return None
    if uri.rstrip("/").endswith("/debian-security") or pocket == "security" or old == "updates":
        return "debian-security"
    return "debian" if pocket in _POCKETS else None

def mirror_list(text):
    """Reads a list of mirrors, apt-transport-mirror(1).

    Args:
      text: of the file.

    Returns:
      The addresses of the mirrors that can be asked over HTTP, in order.
    """
    found = []
    for line in text.splitlines():
        words = _words(line.split("#")[0])
        if words and (words[0].startswith("http://") or words[0].startswith("https://")):
            found.append(words[0].rstrip("/"))
    return found

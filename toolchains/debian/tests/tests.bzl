# SPDX-License-Identifier: Apache-2.0
"""What is read of apt's configuration."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//toolchains/debian:apt.bzl", "archive_of", "deb822_entries", "mirror_list", "one_line_entries")

def _one_line_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, [
        ("http://one.example/debian", "trixie"),
        ("http://one.example/debian/", "trixie-updates"),
        ("http://two.example/debian", "sid"),
        ("mirror+file:/etc/apt/mirrors", "bookworm"),
    ], one_line_entries("\n".join([
        "# deb http://off.example/debian trixie main",
        "deb [arch=amd64 signed-by=/x.gpg] http://one.example/debian trixie main # and a comment",
        "deb \"http://one.example/debian/\" trixie-updates main",
        "deb-src http://sources.example/debian trixie main",
        "deb\thttp://two.example/debian\tsid\tmain",
        "deb[trusted=yes] mirror+file:/etc/apt/mirrors bookworm main",
        "deb http://cut.example/debian",
        "debug http://other.example/debian trixie main",
        "",
    ])))
    return unittest.end(env)

_one_line_test = unittest.make(_one_line_test_impl)

def _deb822_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates"),
        ("http://a.example/debian-security/", "bookworm-security"),
        ("http://b.example/debian-security", "bookworm-security"),
    ], deb822_entries("\n".join([
        "Types: deb",
        "# a comment",
        "URIs: http://mirror.example/debian",
        "Suites: bookworm",
        " bookworm-updates",
        "Components: main",
        "",
        "types: deb deb-src\r",
        "uris:\r",
        "\thttp://a.example/debian-security/",
        "\thttp://b.example/debian-security",
        "suites: bookworm-security",
        "  ",
        "Enabled: No",
        "Types: deb",
        "URIs: http://off.example/debian",
        "Suites: bookworm",
        "",
        "Types: deb-src",
        "URIs: http://sources.example/debian",
        "Suites: bookworm",
        "",
        " a line that continues nothing",
        "no field",
    ])))
    asserts.equals(env, [], deb822_entries(""))
    return unittest.end(env)

_deb822_test = unittest.make(_deb822_test_impl)

def _archive_test_impl(ctx):
    env = unittest.begin(ctx)
    for uri, suite, want in [
        ("http://mirror.example/debian", "bookworm", "debian"),
        ("http://mirror.example/debian", "trixie-updates", "debian"),
        ("http://mirror.example/debian", "trixie-backports", "debian"),
        ("http://mirror.example/debian", "sid/", "debian"),
        ("http://mirror.example/any", "bookworm-security", "debian-security"),
        ("http://mirror.example/debian-security/", "bookworm", "debian-security"),
        ("http://mirror.example/x", "bullseye/updates", "debian-security"),
        ("http://mirror.example/debian", "trixie-pgdg", None),
        ("http://packages.example/apt", "cloud-sdk-bookworm", None),
        ("http://packages.example/ubuntu", "noble-security", None),
    ]:
        asserts.equals(env, want, archive_of(uri, suite), "{} {}".format(uri, suite))
    return unittest.end(env)

_archive_test = unittest.make(_archive_test_impl)

def _mirror_list_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, ["http://a.example/debian", "https://b.example/debian"], mirror_list("\n".join([
        "# mirrors",
        "http://a.example/debian/\tpriority:1",
        "https://b.example/debian # near",
        "ftp://c.example/debian",
        "",
    ])))
    return unittest.end(env)

_mirror_list_test = unittest.make(_mirror_list_test_impl)

def apt_tests(name):
    """The tests.

    Args:
      name: of the test suite.
    """
    unittest.suite(name, _one_line_test, _deb822_test, _archive_test, _mirror_list_test)

# SPDX-License-Identifier: Apache-2.0
"""Which cases of the kernel's kTLS selftest are run, and which may fail on which kernel."""

# The tests that send tens of megabytes through one socket, by up to sixteen processes;
# the name is misspelt in the sources too.
_MULTIPROC_TESTS = [
    "mutliproc_even",
    "mutliproc_readers",
    "mutliproc_writers",
    "mutliproc_sendpage_even",
    "mutliproc_sendpage_readers",
    "mutliproc_sendpage_writers",
]

# Ciphers that no kernel here is built with. Each test of theirs ends where the key is
# set, with ENOENT, after the kernel has asked for four modules in vain: 220 times
# nothing took nine tenths of the time. One test of each stays, so that a kernel that
# has the cipher is noticed.
_NO_CIPHER = {
    "12_aria_gcm": "CONFIG_CRYPTO_ARIA",
    "12_aria_gcm_256": "CONFIG_CRYPTO_ARIA",
    "13_sm4_ccm": "CONFIG_CRYPTO_SM4_GENERIC",
    "13_sm4_gcm": "CONFIG_CRYPTO_SM4_GENERIC",
}

_SAMPLE = "getsockopt"

# All groups of tests in the source. With -t some must be named, or nothing else runs.
_FIXTURES = ["global", "tls", "tls_basic", "tls_err"]

# What newer kernels have: a pattern for the cases that fail without it, the first kernel
# that has it, and the commit that brought it. A case with `waits` sits until the
# selftest's own limit of thirty seconds: of that test the case runs alone.
_NEWER = [
    struct(
        case = "tls\\.12_aes_gcm\\.msg_eor",
        commit = "net/tls: handle MSG_EOR for tls_sw TX flow (e22e358bbeb3): before it, MSG_EOR is an unknown flag and refused, and the test waits for what was never sent",
        since = "6.6",
        waits = ["tls.12_aes_gcm.msg_eor"],
    ),
    struct(
        case = "tls_err\\..*\\.poll_partial_rec(_async)?",
        commit = "tls: suppress wakeups unless we have a full record (121dca784fc0): before it, poll() says POLLIN for a part of a record",
        since = "6.5",
        waits = [],
    ),
]

# Sends some five thousand records, most of them of one byte. Under KASAN that takes
# most of the selftest's thirty seconds, so it is run once and not for each cipher.
_SLOW = "tls.12_aes_gcm.multi_chunk_sendfile"

def _lacking(series):
    """The rows of _NEWER that a series is too old for."""
    number = [int(n) for n in series.split(".")]
    return [row for row in _NEWER if number < [int(n) for n in row.since.split(".")]]

def _options(option, names):
    return [word for name in names for word in [option, name]]

def _slow(flavour):
    return [_SLOW] if flavour == "kasan" else []

def arguments(series, flavour):
    """Arguments of the selftest, of which the first that matches a case decides.

    Args:
      series: of the kernel. Example: "6.1"
      flavour: of the kernel. Example: "kasan"

    Returns:
      A list of words, for all but MULTIPROC.
    """
    once = [case for row in _lacking(series) for case in row.waits] + _slow(flavour)
    return (
        _options("-r", once) +
        _options("-T", _MULTIPROC_TESTS + [case.split(".")[-1] for case in once]) +
        ["-t", _SAMPLE] +
        _options("-V", _NO_CIPHER) +
        _options("-f", _FIXTURES)
    )

# Arguments of the selftest for the tests that arguments leaves out.
MULTIPROC = _options("-V", _NO_CIPHER) + _options("-t", _MULTIPROC_TESTS)

def known_failures(series):
    """What fails on kernels of a series, as known_failures of vm_test wants it.

    Args:
      series: such as "6.1".

    Returns:
      A dict of pattern to reason.
    """
    return {
        "tls\\.{}\\.{}".format(variant, _SAMPLE): "the kernel is built without {}, the cipher of this variant".format(symbol)
        for variant, symbol in _NO_CIPHER.items()
    } | {
        row.case: "Linux {} and newer have {}".format(row.since, row.commit)
        for row in _lacking(series)
    }

def flaky_failures(flavour):
    """What may fail on kernels of a flavour, as flaky_failures of vm_test wants it.

    Args:
      flavour: such as "kasan".

    Returns:
      A dict of pattern to reason.
    """
    return {
        case.replace(".", "\\."): "5000 records take KASAN 25 seconds or more on a loaded machine, and the selftest ends each of its tests after 30"
        for case in _slow(flavour)
    }

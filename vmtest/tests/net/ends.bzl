# SPDX-License-Identifier: Apache-2.0
"""What each end of a role must be called, and what the record of the wire must say."""

load(":roles.bzl", "part_role")

# name → class and title that the harness must report, and the two roles.
ENDS = {
    "background": ("", "", part_role("serve", background = True), part_role("slow")),
    "background-early": ("TESTFAIL", "one: has ended before the others were done", part_role("meet", background = True), part_role("slow")),
    "background-stubborn": ("TESTFAIL", "one: part: was ended by SIGKILL", part_role("ignore", background = True), part_role("meet")),
    "crash": ("TESTFAIL", "one: part: was ended by SIGKILL", part_role("crash"), part_role("meet")),
    "fail": ("TESTFAIL", "one: part: ended with exit status 7", part_role("fail"), part_role("meet")),
    "hang": ("HANG", "one: in program part", part_role("hang"), part_role("meet")),
    "leave": ("TESTFAIL", "one: has ended without coming to the barrier meet", part_role("leave"), part_role("meet")),
    "meet": ("", "", part_role("meet"), part_role("meet")),
    # The program takes the place of init, and so nobody reports.
    "never-up": ("BOOTFAIL", "one: no sign of life from init within three quarters of the time limit", part_role("hang", append = ["rdinit=/test/part", "TIDELOCK_VM=1", "--", "hang"]), part_role("meet")),
    "panic": ("SPLAT", "one: panic: sysrq triggered crash", part_role("panic"), part_role("meet")),
}

# Texts of net_test.go: the first crosses the wire, the second does not.
PLAIN = "MARKER-in-plain-text"
NEVER = "MARKER-that-stays-at-home"

# Name, title that the harness must report, and what the test asks of the wire.
WIRE = [
    ("absent", 'the wire has not ".*home"', [NEVER], []),
    ("present", 'the wire has ".*text"', [], [PLAIN]),
]

# Those of ENDS that are seen each day.
EACH_DAY = [
    "background",
    "leave",
    "meet",
    "panic",
]

# SPDX-License-Identifier: Apache-2.0
"""shell_test: a test that talks to a guest's shell."""

load("@rules_go//go:def.bzl", "go_test")

def shell_test(name, kernel, machine, env = {}, **kwargs):
    """Runs shell_test.go with a machine.

    Args:
      name: of the test.
      kernel: key of the machine's kernel.
      machine: the machine, a label that begins with //.
      env: further environment.
      **kwargs: what go_test takes.
    """
    go_test(
        name = name,
        timeout = "long",
        srcs = ["shell_test.go"],
        data = [
            machine,
            "//vmtest:shell",
        ],
        env = {
            "SHELL_KERNEL": kernel,
            "SHELL_MACHINE": machine.removeprefix("//").replace(":", "/"),
            "SHELL_PROGRAM": "$(rootpath //vmtest:shell)",
        } | env,
        tags = [
            "cpu:2",
            "resources:memory:1024",
            "vm",
        ],
        deps = [
            "//vmtest/pty",
            "@org_golang_x_sys//unix",
        ],
        **kwargs
    )

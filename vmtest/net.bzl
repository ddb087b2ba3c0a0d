# SPDX-License-Identifier: Apache-2.0
"""vm_net_test: several guests on a private network, each with a kernel of its own.

    vm_net_test(
        name = "echo",
        roles = {
            "client": vm_role(
                arch = "aarch64",
                kernel = "//vmtest/kernels:debian/aarch64/6.12.117+deb13-cloud-arm64",
                test = ":client_test",
            ),
            "server": vm_role(
                arch = "x86_64",
                background = True,
                kernel = "//vmtest/kernels:debian/x86_64/5.10.0-46-cloud-amd64",
                test = ":server_test",
            ),
        },
        wire_has_not = ["the secret"],
    )

See docs/vmtest-guests.md.
"""

load(":defs.bzl", "vm_guest")
load(":providers.bzl", "VmGuestInfo")

# What every role loads: the network device, and the bus on which it is found.
_NETWORK_MODULES = [
    "virtio_pci?",
    "virtio_net?",
]

def _vm_net_test_impl(ctx):
    roles = []
    files = []
    for target, settings in ctx.attr.roles.items():
        guest = target[VmGuestInfo]
        role = json.decode(settings)
        if role["background"] and len(guest.config["programs"]) != 1:
            fail("{}: the role {} is in the background and has {} programs: the others end it, so it must have exactly one.".format(ctx.label, role["role"], len(guest.config["programs"])))
        roles.append(role | {"guest": guest.config})
        files += guest.files

    # The test is the runner itself; it finds the configuration beside its own name.
    test = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = test, target_file = ctx.executable._runner, is_executable = True)
    settings = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(settings, json.encode_indent({
        "expect_class": ctx.attr.expect_class,
        "expect_title": ctx.attr.expect_title,
        "name": str(ctx.label).lstrip("@"),
        "roles": sorted(roles, key = lambda role: role["role"]),
        "wire_has": ctx.attr.wire_has,
        "wire_has_not": ctx.attr.wire_has_not,
    }))
    return [
        DefaultInfo(
            executable = test,
            runfiles = ctx.runfiles(files = files + [settings, ctx.executable._runner]),
        ),
        # Without it `bazel coverage` does not collect what the runner leaves.
        coverage_common.instrumented_files_info(ctx),
    ]

_vm_net_test = rule(
    doc = "Boots several kernels in QEMU on one network, runs a program in each and judges the run.",
    implementation = _vm_net_test_impl,
    test = True,
    attrs = {
        "expect_class": attr.string(doc = "Turns the test around: it succeeds when the verdict on the whole is of this class.", values = ["", "TESTFAIL", "SPLAT", "LEAK", "HANG", "BOOTFAIL", "INFRA"]),
        "expect_title": attr.string(doc = "Pattern for the whole title of the expected verdict, which begins with the role. Example: \"server: panic: .*\""),
        "modules": attr.label_list(doc = "The modules of ours that the roles have, by which //vmtest:coverage finds the test; vm_net_test writes it."),
        "roles": attr.label_keyed_string_dict(doc = "Each guest to its part, as JSON.", mandatory = True, providers = [VmGuestInfo]),
        "wire_has": attr.string_list(doc = "Texts that must have crossed the wire: in one frame, or in what one end said to the other over TCP. With IP fragments, VLAN or tunnels on the wire the verdict is INFRA: they are not searched as a whole."),
        "wire_has_not": attr.string_list(doc = "Texts that must not have crossed the wire; some payload of TCP or UDP must. INFRA as with wire_has, and where the record of the wire is not complete."),
        "_lcov_merger": attr.label(default = configuration_field(fragment = "coverage", name = "output_generator"), cfg = "exec"),
        "_runner": attr.label(default = "//vmtest/cmd/vmnetrun", executable = True, cfg = "target"),
    },
)

def vm_role(arch, kernel, test, background = False, cpus = 1, load_modules = None, memory_mib = 256, **kwargs):
    """One guest of vm_net_test.

    Args:
      arch: of the guest, x86_64 or aarch64.
      kernel: that it boots.
      test: the program that it runs.
      background: the program, such as a server, is ended with SIGTERM when the roles
        that are not in the background are done. It must not end before.
      cpus: of the guest.
      load_modules: modules of the kernel's own besides those of the network device.
      memory_mib: of the guest.
      **kwargs: what vm_test takes too: format, guest_args, modules, expect_taint, …; not
        known_failures and flaky_failures, which excuse nothing here.

    Returns:
      A struct for the roles of vm_net_test.
    """
    for name in ["expect_class", "expect_title", "timeout_seconds", "tags", "timeout"]:
        if name in kwargs:
            fail("vm_role: {} belongs to vm_net_test: it is the whole test's.".format(name))
    for name in ["known_failures", "flaky_failures"]:
        if name in kwargs:
            fail("vm_role: {} would excuse nothing: the other roles hear that the program failed, and the test fails with it. Leave such cases out of the program, or run them in a vm_test.".format(name))
    return struct(
        background = background,
        cpus = cpus,
        guest = dict(
            kwargs,
            arch = arch,
            cpus = cpus,
            kernel = kernel,
            load_modules = _NETWORK_MODULES + (load_modules or []),
            memory_mib = memory_mib,
            test = test,
        ),
        memory_mib = memory_mib,
    )

def vm_net_test(name, roles, tags = None, timeout = "moderate", timeout_seconds = 240, **kwargs):
    """Runs programs in several virtual machines on one private network.

    Args:
      name: of the test.
      roles: name of a role to what vm_role returns; two or more. The names resolve in
        each guest: the first in alphabetical order has 10.77.0.1 and fd77::1.
      tags: of the test, besides "vm" and what the guests need of the machine.
      timeout: Bazel's limit: short, moderate, long or eternal.
      timeout_seconds: time limit of the guests.
      **kwargs: what the rule takes: expect_class, expect_title, wire_has, wire_has_not.
    """
    order = sorted(roles)
    hosts = {role: ["10.77.0.{}".format(i + 1), "fd77::{}".format(_hex(i + 1))] for i, role in enumerate(order)}
    guests = {}
    for i, role in enumerate(order):
        mac = "52:54:00:00:00:{}{}".format(_HEX[(i + 1) // 16], _HEX[(i + 1) % 16])
        target = "{}.{}".format(name, role)
        vm_guest(
            name = target,
            network = json.encode({
                "addresses": [hosts[role][0] + "/24", hosts[role][1] + "/64"],
                "hosts": hosts,
                "mac": mac,
                "role": role,
            }),
            qemu = "//toolchains/debian:qemu-system-" + roles[role].guest["arch"],
            # It is a part of the test below and nothing by itself.
            tags = ["manual"],
            timeout_seconds = timeout_seconds,
            visibility = ["//visibility:private"],
            **roles[role].guest
        )
        guests[target] = json.encode({"background": roles[role].background, "mac": mac, "role": role})
    _vm_net_test(
        name = name,
        modules = _modules(roles),
        roles = guests,
        tags = (tags or []) + [
            # What all of them have, but no more than two: the guests wait for each
            # other much, and a smaller machine should not have to be idle for them.
            "cpu:{}".format(min(2, _sum([roles[role].cpus for role in order]))),
            # QEMU itself and its translated code need room besides each guest.
            "resources:memory:{}".format(_sum([roles[role].memory_mib + 256 for role in order])),
            "vm",
        ],
        timeout = timeout,
        **kwargs
    )

def _modules(roles):
    """The modules of all roles, each once; those that a select() chooses cannot be named here."""
    labels = {}
    for role in roles.values():
        modules = role.guest.get("modules") or {}
        if type(modules) == "dict":
            labels.update({str(native.package_relative_label(label)): None for label in modules})
    return sorted(labels)

_HEX = "0123456789abcdef"

def _hex(number):
    """A number below 256, as an address of IPv6 has it."""
    return (_HEX[number // 16] if number >= 16 else "") + _HEX[number % 16]

def _sum(numbers):
    total = 0
    for number in numbers:
        total += number
    return total

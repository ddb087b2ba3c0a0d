// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// The driver keeps the rules. The test runs in its own folder, under go test and Bazel alike.
func TestDriver(t *testing.T) {
	driver := os.DirFS("..")
	for _, name := range []string{"Kbuild", "compat/compat.h", "compat/probes/0_sanity.c", "core/mem.c", "linux/main.c", "uapi/tidelock.h"} {
		if _, err := os.Stat("../" + name); err != nil {
			t.Fatal("the driver's sources are not there: ", err)
		}
	}
	found, err := Check(driver)
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range found {
		t.Error(what)
	}
}

// Spelled in two, so that a search for them below kmod/ finds compat/ alone.
const (
	versionCode   = "LINUX_VERSION" + "_CODE"
	kernelVersion = "KERNEL" + "_VERSION"
)

const (
	cLicence = "// SPDX-License-Identifier: GPL-2.0-only\n"
	hLicence = "/* SPDX-License-Identifier: GPL-2.0-only */\n"
	kLicence = "# SPDX-License-Identifier: GPL-2.0-only\n"
)

// sound is a driver without fault.
func sound() fstest.MapFS {
	files := map[string]string{
		"Kbuild":                   kLicence + "obj-m := x.o\n",
		"README.md":                versionCode + " is not for us\n",
		"core/a.c":                 cLicence + "#include <stdint.h>\n#include \"a.h\"\n",
		"core/a.h":                 hLicence,
		"core/a_test.c":            cLicence + "#include <stdio.h>\n",
		"linux/main.c":             cLicence + "#include <linux/module.h>\n#include \"../core/a.h\"\n/* not " + versionCode + " */\n",
		"compat/compat.h":          hLicence + "#ifndef HAVE_0_SANITY\n#error\n#endif\n#ifdef HAVE_THING\n#endif\n",
		"compat/Kbuild.probes":     kLicence,
		"compat/probes/0_sanity.c": cLicence + "/*\n * Must compile on every kernel. Why.\n */\nint x;\n",
		"compat/probes/thing.c":    cLicence + "/*\n * 6.1: the thing came.\n */\n#include <linux/thing.h>\n\nint x;\n",
		"uapi/x.h":                 "/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */\n",
		"uapi/x.yaml":              "# SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)\n",
	}
	fs := fstest.MapFS{}
	for name, text := range files {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fs
}

func TestSound(t *testing.T) {
	found, err := Check(sound())
	if err != nil || len(found) > 0 {
		t.Errorf("%q, %v", found, err)
	}
}

func TestRules(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"no licence in C", "linux/b.c", "int x;\n", "linux/b.c: the first line is"},
		{"no licence in a header", "core/b.h", "#pragma once\n", "core/b.h: the first line is"},
		{"no licence in a Kbuild", "core/Kbuild", "x := y\n", "core/Kbuild: the first line is"},
		{"another licence", "core/b.c", "// SPDX-License-Identifier: MIT\n", "core/b.c: the first line is"},
		{"the comment of a header in C", "core/b.c", hLicence, "core/b.c: the first line is"},
		{"an interface under GPL alone", "uapi/y.h", hLicence, "uapi/y.h: the first line is"},
		{"an empty source", "linux/b.c", "", "linux/b.c: the first line is"},
		{"a version in the kernel half", "linux/b.c", cLicence + "#if " + versionCode + " < 5\n#endif\n", "linux/b.c: " + versionCode},
		{"a version macro", "linux/b.c", cLicence + "int v = " + kernelVersion + "(5, 1, 0);\n", "linux/b.c: " + kernelVersion},
		{"the version header", "core/b.h", hLicence + "#include <linux/version.h>\n", "core/b.h: linux/version.h"},
		{"a distribution's version", "linux/b.h", hLicence + "#ifdef RHEL_RELEASE_CODE\n#endif\n", "RHEL_RELEASE_CODE"},
		{"a version in a test", "core/a_test.c", cLicence + "#if " + versionCode + "\n#endif\n", "core/a_test.c: " + versionCode},
		{"a probe's answer in the kernel half", "linux/b.c", cLicence + "#ifdef HAVE_THING\n#endif\n", "linux/b.c: HAVE_THING"},
		{"a kernel header in core", "core/b.c", cLicence + "#include <linux/types.h>\n", "core/b.c: #include <linux/types.h>"},
		{"a program's header in core", "core/b.c", cLicence + "\t# include <stdio.h>\n", "core/b.c: #include <stdio.h>"},
		{"a way out of core", "core/b.c", cLicence + "#include \"../linux/b.h\"\n", "core/b.c: #include \"../linux/b.h\""},
		{"a probe without words", "compat/probes/thing.c", cLicence + "int x;\n", "compat/probes/thing.c: the comment below the licence"},
		{"a probe that does not say since when", "compat/probes/thing.c", cLicence + "/*\n * The thing came.\n */\nint x;\n", "compat/probes/thing.c: the comment below the licence"},
		{"a probe without code", "compat/probes/thing.c", cLicence + "/*\n * 6.1: the thing came.\n */\n", "thing.c: 0 lines of code"},
		{"a long probe", "compat/probes/thing.c", cLicence + "/*\n * 6.1: the thing came.\n */\n" + strings.Repeat("int x;\n", 11), "thing.c: 11 lines of code"},
		{"a probe nobody asks", "compat/probes/other.c", cLicence + "/*\n * 6.1: it came.\n */\nint x;\n", "nothing in compat/ asks for HAVE_OTHER"},
		{"an answer nobody gives", "compat/more.h", hLicence + "#ifdef HAVE_MORE\n#endif\n", "HAVE_MORE has no probe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			driver := sound()
			driver[c.file] = &fstest.MapFile{Data: []byte(c.text)}
			found, err := Check(driver)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(found, "\n"), c.want) {
				t.Errorf("got %q, want one with %q", found, c.want)
			}
		})
	}
}

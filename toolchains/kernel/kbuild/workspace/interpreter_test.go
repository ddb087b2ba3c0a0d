// SPDX-License-Identifier: Apache-2.0

package workspace

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestInterpreter(t *testing.T) {
	tools := t.TempDir()
	for _, name := range []string{"sh", "env", "perl"} {
		if err := os.WriteFile(filepath.Join(tools, name), []byte("#!/bin/false\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tree := Tree{path: SearchDirs{tools}}
	for in, want := range map[string]string{
		"#!/bin/sh\nexit\n":                     "#!" + tools + "/sh\nexit\n",
		"#! /bin/sh -e\n":                       "#!" + tools + "/sh -e\n",
		"#!/usr/bin/env perl\n":                 "#!" + tools + "/perl\n",
		"#!/usr/bin/env -S perl -w\n":           "#!" + tools + "/perl -w\n",
		"#!/usr/bin/env -Sperl -w\n":            "#!" + tools + "/perl -w\n",
		"#!/usr/bin/env\n":                      "#!" + noInterpreter + "env-with-options\n",
		"#!/usr/bin/env -i perl\n":              "#!" + noInterpreter + "env-with-options\n",
		"#!/usr/bin/env LANG=C perl\n":          "#!" + noInterpreter + "env-with-options\n",
		"#!/usr/bin/python3\nimport os\n":       "#!" + noInterpreter + "python3\nimport os\n",
		"#!/usr/bin/env python3\n":              "#!" + noInterpreter + "python3\n",
		"#!\nnothing named\n":                   "#!\nnothing named\n",
		"\x7fELF and more":                      "\x7fELF and more",
		"# a comment\n#!/bin/sh: no first line": "# a comment\n#!/bin/sh: no first line",
	} {
		got, err := tree.interpreter([]byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v; want %q", in, got, err, want)
		}
	}
	deep := Tree{path: SearchDirs{filepath.Join(tools, strings.Repeat("x", 200), "..")}}
	if _, err := deep.interpreter([]byte("#!/bin/sh " + strings.Repeat("-e ", 90) + "\n")); err == nil {
		t.Error("a first line that the kernel would cut was written")
	}
}

// A script whose interpreter only the machine has does not run.
func TestInterpreterOfTheMachine(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("this machine has no /bin/sh to be wrongly used")
	}
	script := []byte("#!/bin/sh\nexit 0\n")
	tree := Tree{path: SearchDirs{t.TempDir()}}
	data, err := tree.interpreter(script)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(file).Run(); !os.IsNotExist(err) {
		t.Errorf("running it gave %v, want that its interpreter does not exist", err)
	}
}

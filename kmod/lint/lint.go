// SPDX-License-Identifier: Apache-2.0

// Package lint holds the rules of the driver's sources that no compiler knows: where kernels may
// be told apart, what may include what, and that licences and probes are written down.
package lint

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	versionMacro = regexp.MustCompile(`\b(LINUX_VERSION_(CODE|MAJOR|PATCHLEVEL|SUBLEVEL)|KERNEL_VERSION|RHEL_RELEASE_CODE|RHEL_RELEASE_VERSION)\b|linux/version\.h`)
	include      = regexp.MustCompile(`(?m)^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]`)
	haveMacro    = regexp.MustCompile(`\bHAVE_[A-Z0-9_]+\b`)
	// The head of a probe tells first since when, or that the answer is always yes.
	probeHead = regexp.MustCompile(`\A// SPDX[^\n]*\n/\*\n \* (\d+\.\d+: |Must compile on every kernel\.)`)
	comment   = regexp.MustCompile(`(?s)/\*.*?\*/`)
)

// Headers that compilers give to programs without an operating system. kmod/core lives on these;
// compat/include has the kernel's stand-ins.
var freestanding = []string{"stdbool.h", "stddef.h", "stdint.h"}

// Check applies the rules to the driver's folder and returns what breaks them, in the order of
// the files.
func Check(driver fs.FS) ([]string, error) {
	var found []string
	var sources []string
	have := map[string]bool{}
	err := fs.WalkDir(driver, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isSource(name) {
			return err
		}
		sources = append(sources, name)
		data, err := fs.ReadFile(driver, name)
		if err != nil {
			return err
		}
		text := string(data)
		bad := func(format string, args ...any) { found = append(found, name+": "+fmt.Sprintf(format, args...)) }
		checkLicence(name, text, bad)
		checkLayers(name, text, bad)
		if path.Dir(name) == "compat/probes" {
			checkProbe(name, text, bad)
		} else if strings.HasPrefix(name, "compat/") {
			for _, macro := range haveMacro.FindAllString(comment.ReplaceAllString(text, ""), -1) {
				have[macro] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range sources {
		if path.Dir(name) != "compat/probes" {
			continue
		}
		macro := "HAVE_" + strings.ToUpper(strings.TrimSuffix(path.Base(name), ".c"))
		if !have[macro] {
			found = append(found, fmt.Sprintf("%s: nothing in compat/ asks for %s: remove the probe, it costs every kernel of the matrix", name, macro))
		}
		delete(have, macro)
	}
	for macro := range have {
		found = append(found, fmt.Sprintf("compat: %s has no probe: add compat/probes/%s.c", macro, strings.ToLower(strings.TrimPrefix(macro, "HAVE_"))))
	}
	slices.Sort(found)
	return found, nil
}

func isSource(name string) bool {
	return slices.Contains([]string{".c", ".h", ".S"}, path.Ext(name)) ||
		strings.HasPrefix(path.Base(name), "Kbuild") ||
		strings.HasSuffix(name, ".yaml")
}

// checkLicence wants the licence in the first line: GPL-2.0-only, but for the interface, which
// programs of any licence may use.
func checkLicence(name, text string, bad func(string, ...any)) {
	want := "GPL-2.0-only"
	if strings.HasPrefix(name, "uapi/") {
		want = "((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)"
	}
	opening, closing := "/* ", " */"
	switch {
	case strings.HasSuffix(name, ".c"):
		opening, closing = "// ", ""
	case !strings.HasSuffix(name, ".h") && !strings.HasSuffix(name, ".S"):
		opening, closing = "# ", ""
	}
	line, _, _ := strings.Cut(text, "\n")
	if first := opening + "SPDX-License-Identifier: " + want + closing; line != first {
		bad("the first line is %q, want %q", line, first)
	}
}

// checkLayers keeps kernels apart in compat/ alone and kernel headers out of core/. The tests of
// core/ are ordinary programs.
func checkLayers(name, text string, bad func(string, ...any)) {
	layer, _, _ := strings.Cut(name, "/")
	if strings.HasSuffix(name, "_test.c") {
		layer = "test"
	}
	if layer != "compat" {
		code := comment.ReplaceAllString(text, "")
		if macro := versionMacro.FindString(code); macro != "" {
			bad("%s: only compat/ may tell kernels apart, by a probe in compat/probes", macro)
		}
		for _, macro := range haveMacro.FindAllString(code, 1) {
			bad("%s: only compat/ may ask for the answer of a probe", macro)
		}
	}
	for _, m := range include.FindAllStringSubmatch(text, -1) {
		system, header := m[1] == "<", m[2]
		switch {
		case layer == "core" && system && !slices.Contains(freestanding, header):
			bad("#include <%s>: core/ has no other headers than its own and %s", header, strings.Join(freestanding, ", "))
		case layer == "core" && !system && strings.Contains(header, "/"):
			bad("#include %q: core/ includes nothing of the rooms around it", header)
		}
	}
}

// checkProbe wants one small question with its reason on top.
func checkProbe(name, text string, bad func(string, ...any)) {
	if !probeHead.MatchString(text) {
		bad("the comment below the licence has to begin with the kernel that changed the API and how, like \"6.15: show() takes a pointer to const\"")
	}
	code := 0
	for line := range strings.Lines(comment.ReplaceAllString(text, "")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			code++
		}
	}
	if code == 0 || code > 10 {
		bad("%d lines of code: a probe asks one question, in some five lines", code)
	}
}

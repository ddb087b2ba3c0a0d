// SPDX-License-Identifier: Apache-2.0

package report

import (
	"path"
	"strings"
)

// name gives a label and a kernel to cells that lack one, by what their
// neighbours say.
func name(cells []*Cell) {
	packages := map[string]bool{}
	for _, c := range cells {
		if pkg, _, ok := strings.Cut(c.Label, ":"); ok {
			packages[strings.TrimPrefix(pkg, "//")] = true
		}
	}
	for _, c := range cells {
		if c.Label == "" {
			c.Label = line(guessLabel(c.rel, packages))
		}
	}
	kernels := map[string]string{} // package and architecture to kernel; several: ambiguous
	const ambiguous = "?"
	for _, c := range cells {
		if c.Kernel == "" || c.Roles != nil || !strings.HasSuffix(c.Label, "/"+c.Arch) {
			continue
		}
		k := c.neighbours()
		if old, ok := kernels[k]; ok && old != c.Kernel {
			kernels[k] = ambiguous
		} else {
			kernels[k] = c.Kernel
		}
	}
	for _, c := range cells {
		if c.Kernel != "" {
			continue
		}
		if c.Kernel = kernels[c.neighbours()]; c.Kernel == "" || c.Kernel == ambiguous {
			c.Kernel = strings.TrimSpace("unknown kernel " + c.Arch)
		}
	}
}

// neighbours names the tests of which one kernel is expected: those of a package
// that name nothing but an architecture.
func (c *Cell) neighbours() string {
	pkg, _, _ := strings.Cut(c.Label, ":")
	return pkg + " " + c.Arch
}

// guessLabel makes a label of a test's path: a package that another test names is
// taken first, and otherwise the folder of what stands before the kernel's key.
func guessLabel(rel string, packages map[string]bool) string {
	for pkg := path.Dir(rel); pkg != "." && pkg != "/"; pkg = path.Dir(pkg) {
		if packages[pkg] {
			return "//" + pkg + ":" + strings.TrimPrefix(rel, pkg+"/")
		}
	}
	short := rel
	if at := keyAtEnd.FindStringIndex(rel); at != nil && at[0] > 0 {
		short = rel[:at[0]]
	}
	pkg := path.Dir(short)
	if pkg == "." {
		return "//:" + rel
	}
	return "//" + pkg + ":" + strings.TrimPrefix(rel, pkg+"/")
}

// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/tools/strictjson"
)

// Table lists the kernels that a machine can have; Bazel writes it as JSON.
type Table struct {
	Schema int `json:"schema"`
	// Default is the key of the kernel that an architecture has by default.
	Default map[string]string `json:"default"`
	// Kernels are sorted by key.
	Kernels []Kernel `json:"kernels"`
}

// Kernel is one kernel of the lock, or a debug kernel.
type Kernel struct {
	// Key is <distribution>/<arch>/<release>.
	Key string `json:"key"`
	// Arch is x86_64 or aarch64.
	Arch string `json:"arch"`
	// Series is as "6.12".
	Series string `json:"series"`
	// Flavour is cloud, generic, rt and so on; of debug kernels, what they look for.
	Flavour string `json:"flavour"`
	// Debug is true for a kernel that is built here.
	Debug bool `json:"debug,omitempty"`
}

// readTable reads and checks a table.
func readTable(file string) (*Table, error) {
	t := &Table{}
	if err := strictjson.ReadFile(file, t); err != nil {
		return nil, err
	}
	if t.Schema != 1 {
		return nil, fmt.Errorf("%s: schema is %d, and this program knows 1", file, t.Schema)
	}
	if len(t.Kernels) == 0 {
		return nil, fmt.Errorf("%s: kernels: the list is empty", file)
	}
	for arch, key := range t.Default {
		if k := t.find(key); k == nil || k.Arch != arch {
			return nil, fmt.Errorf("%s: default: %s is no kernel of %s", file, key, arch)
		}
	}
	return t, nil
}

func (t *Table) find(key string) *Kernel {
	i := slices.IndexFunc(t.Kernels, func(k Kernel) bool { return k.Key == key })
	if i < 0 {
		return nil
	}
	return &t.Kernels[i]
}

// choose is the kernel that a key and an architecture, each of which may be empty,
// stand for.
func (t *Table) choose(key, arch string) (*Kernel, error) {
	if key == "" {
		arch = cmp.Or(arch, "x86_64")
		k := t.find(t.Default[arch])
		if k == nil {
			return nil, fmt.Errorf("there is no kernel for %s; see --list", arch)
		}
		return k, nil
	}
	k := t.find(key)
	if k == nil {
		text := fmt.Sprintf("there is no kernel %s", key)
		if near := t.near(key, 3); len(near) > 0 {
			text += "; did you mean " + strings.Join(near, ", ") + "?"
		}
		return nil, fmt.Errorf("%s (--list has all %d)", text, len(t.Kernels))
	}
	if arch != "" && k.Arch != arch {
		return nil, fmt.Errorf("--kernel=%s is a kernel for %s, and --arch says %s", key, k.Arch, arch)
	}
	return k, nil
}

// near returns the keys most like a text, by the pairs of letters that they share.
func (t *Table) near(text string, count int) []string {
	type match struct {
		key   string
		score float64
	}
	var all []match
	for _, k := range t.Kernels {
		if s := likeness(text, k.Key); s > 0.3 {
			all = append(all, match{k.Key, s})
		}
	}
	slices.SortStableFunc(all, func(a, b match) int { return cmp.Compare(b.score, a.score) })
	var keys []string
	for _, m := range all[:min(count, len(all))] {
		keys = append(keys, m.key)
	}
	return keys
}

// likeness is 1 for equal texts and 0 for those without a common pair of letters.
func likeness(a, b string) float64 {
	if len(a) < 2 || len(b) < 2 {
		return 0
	}
	pairs := map[string]int{}
	for i := range len(a) - 1 {
		pairs[a[i:i+2]]++
	}
	common := 0
	for i := range len(b) - 1 {
		if pairs[b[i:i+2]] > 0 {
			pairs[b[i:i+2]]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b)-2)
}

// list writes the kernels for a person.
func (t *Table) list(w io.Writer, arch string) {
	for _, k := range t.Kernels {
		if arch != "" && k.Arch != arch {
			continue
		}
		mark := ""
		if t.Default[k.Arch] == k.Key {
			mark = "  (default of " + k.Arch + ")"
		}
		fmt.Fprintf(w, "%-48s %-6s %s%s\n", k.Key, k.Series, k.Flavour, mark)
	}
}

// SPDX-License-Identifier: Apache-2.0

package refusals

import (
	"os"
	"strings"
	"testing"
)

// The words come from the real sources, tools and kernelbuild; each build fails
// here if it is not refused.
func TestRefusals(t *testing.T) {
	for name, want := range map[string][]string{
		"lost": {
			"2 symbols of the configuration did not survive",
			"CONFIG_KCSAN=y (vmtest/kernels/debug/refusals/lost.config:",
			"it depends on",
			"KASAN=y",
			"CONFIG_DEBUG_LOCKS_EVERYWHERE=y (vmtest/kernels/debug/refusals/lost.config:",
			"no Kconfig file of this kernel has the symbol",
		},
		"no-reason":     {"no-reason.config:2: CONFIG_PRINTK has no reason"},
		"other-version": {"the sources are those of 6.12.", "6.12.1 was expected", "correct the version where the kernel is declared"},
	} {
		text, err := os.ReadFile(name + ".txt")
		if err != nil {
			t.Error(err)
			continue
		}
		if why, ok := strings.CutPrefix(string(text), "MISSING: "); ok {
			t.Skip(why)
		}
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s: %q is missing in\n%s", name, w, text)
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

// debugfs is a folder with the files of a fault attribute as a kernel has them.
func debugfs(t *testing.T, more map[string]string) (root string, files map[string]string) {
	files = map[string]string{
		"failslab/probability": "0\n", "failslab/interval": "1\n", "failslab/times": "1\n", "failslab/space": "0\n",
		"failslab/verbose": "2\n", "failslab/task-filter": "N\n", "failslab/ignore-gfp-wait": "Y\n",
	}
	for name, value := range more {
		files[name] = value
	}
	return folder(t, files), files
}

func TestFaultsAreAimedAndPutBack(t *testing.T) {
	text := map[string]string{
		"failslab/require-start": "0x00000000\n", "failslab/require-end": "0xffffffffffffffff\n", "failslab/stacktrace-depth": "16\n",
	}
	modules := folder(t, map[string]string{"m/sections/.text": "0xffffffffc0400000\n", "m/coresize": "4096\n"})
	for _, c := range []struct {
		name  string
		files map[string]string
		tasks bool
		want  map[string]string
	}{
		{"text", text, false, map[string]string{"task-filter": "N", "require-start": "0xffffffffc0300000", "require-end": "0xffffffffc0501000", "stacktrace-depth": "32"}},
		{"no filter", nil, false, map[string]string{"task-filter": "Y"}},
		{"tasks wanted", text, true, map[string]string{"task-filter": "Y", "require-start": "0x00000000"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, files := debugfs(t, c.files)
			f := &Faults{Attr: "failslab", Module: "m", Debug: root, Modules: modules, Tasks: c.tasks}
			if err := f.Prepare(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := f.Step(ctx, rand.New(rand.NewPCG(1, 1))); err != nil {
				t.Fatal(err)
			}
			c.want["verbose"], c.want["ignore-gfp-wait"], c.want["probability"] = "0", "N", "0"
			for name, want := range c.want {
				if got := content(t, root, "failslab", name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if err := f.change("times", "1073741800"); err != nil || f.Count() != 24 {
				t.Errorf("counted %d, %v", f.Count(), err)
			}
			if err := f.Restore(); err != nil {
				t.Fatal(err)
			}
			for name, want := range files {
				if got := content(t, root, name); got+"\n" != want {
					t.Errorf("%s: %q is left, %q was there", name, got, want)
				}
			}
			if f.Count() != 24 {
				t.Errorf("after the end: %d", f.Count())
			}
			if err := f.Restore(); err != nil {
				t.Error("twice:", err)
			}
		})
	}
}

func TestFaultsUnsupported(t *testing.T) {
	var cannot Unsupported
	f := &Faults{Attr: "failslab", Debug: filepath.Join(t.TempDir(), "none")}
	if err := f.Prepare(); !errors.As(err, &cannot) {
		t.Errorf("%v", err)
	}
	if err := f.Restore(); err != nil || f.Count() != 0 {
		t.Errorf("%v, %d", err, f.Count())
	}
}

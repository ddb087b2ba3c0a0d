// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestHotplugPutsBack(t *testing.T) {
	root := folder(t, map[string]string{"online": "0-2\n", "cpu0/online": "1\n", "cpu1/online": "1\n", "cpu2/online": "1\n", "cpu3/online": "0\n"})
	h := &Hotplug{Root: root, Wait: 50 * time.Millisecond}
	if err := h.Prepare(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.Step(ctx, rand.New(rand.NewPCG(1, 1))); err != nil || h.Count() != 2 {
		t.Errorf("%v, %d CPUs went", err, h.Count())
	}
	// As a step leaves them that fails half-way.
	for _, cpu := range []int{1, 2} {
		if err := h.set(cpu, "0"); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Restore(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"cpu0": "1", "cpu1": "1", "cpu2": "1", "cpu3": "0"} {
		if got := content(t, root, name, "online"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	// A CPU that stays away is told.
	if err := os.Remove(filepath.Join(root, "cpu1/online")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "cpu1/online"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := h.Restore(); err == nil || !strings.Contains(err.Error(), "cpu1") {
		t.Errorf("%v", err)
	}
}

func TestHotplugUnsupported(t *testing.T) {
	var cannot Unsupported
	for name, root := range map[string]string{
		"one CPU":   folder(t, map[string]string{"online": "0\n", "cpu0/online": "1\n"}),
		"no CPU":    t.TempDir(),
		"fixed CPU": folder(t, map[string]string{"online": "0-1\n", "cpu0/online": "1\n"}),
	} {
		if err := (&Hotplug{Root: root}).Prepare(); !errors.As(err, &cannot) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&Hotplug{Root: folder(t, map[string]string{"online": "zero"})}).Prepare(); err == nil || errors.As(err, &cannot) {
		t.Errorf("a list that is none: %v", err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// cpuRoot is where the kernel shows its CPUs.
const cpuRoot = "/sys/devices/system/cpu"

// Hotplug takes all CPUs but the first off line and brings them back, each time
// in another order. It counts CPUs that went.
type Hotplug struct {
	// Root is the folder of the CPUs; empty is the kernel's own.
	Root string
	// Wait is for how long Restore tries to bring a CPU back; 0 is ten seconds.
	Wait time.Duration

	cpus    []int // that can go, and were on line
	offline atomic.Int64
	refused atomic.Int64
}

// Name is "cpu-hotplug".
func (h *Hotplug) Name() string { return "cpu-hotplug" }

func (h *Hotplug) path(elem ...string) string {
	root := h.Root
	if root == "" {
		root = cpuRoot
	}
	return filepath.Join(append([]string{root}, elem...)...)
}

func (h *Hotplug) file(cpu int) string { return h.path(fmt.Sprintf("cpu%d", cpu), "online") }

// Prepare finds the CPUs that can go.
func (h *Hotplug) Prepare() error {
	text, err := os.ReadFile(h.path("online"))
	if err != nil {
		return Unsupported{fmt.Sprintf("the kernel shows no CPUs: %v", err)}
	}
	all, err := parseCPUs(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", h.path("online"), err)
	}
	h.cpus = nil
	for _, cpu := range all {
		if _, err := os.Stat(h.file(cpu)); cpu != 0 && err == nil {
			h.cpus = append(h.cpus, cpu)
		}
	}
	if len(h.cpus) == 0 {
		return Unsupported{fmt.Sprintf("no CPU but the first can go off line (on line: %s); give the guest more CPUs, or CONFIG_HOTPLUG_CPU", strings.TrimSpace(string(text)))}
	}
	return nil
}

// Step takes every CPU off line and brings it back. One that the kernel wants to
// keep for the moment (EBUSY) is left.
func (h *Hotplug) Step(ctx context.Context, rnd *rand.Rand) error {
	order := func() []int {
		cpus := slices.Clone(h.cpus)
		rnd.Shuffle(len(cpus), func(i, j int) { cpus[i], cpus[j] = cpus[j], cpus[i] })
		return cpus
	}
	down, up := order(), order()
	away := time.Duration(rnd.IntN(200)) * time.Millisecond
	for _, cpu := range down {
		switch err := h.set(cpu, "0"); {
		case err == nil:
			h.offline.Add(1)
		case errors.Is(err, unix.EBUSY):
			h.refused.Add(1)
		default:
			return err
		}
	}
	sleep(ctx, away)
	for _, cpu := range up {
		if err := h.set(cpu, "1"); err != nil && !errors.Is(err, unix.EBUSY) {
			return err
		}
	}
	return nil
}

func (h *Hotplug) set(cpu int, state string) error {
	return os.WriteFile(h.file(cpu), []byte(state), 0)
}

// Restore brings back every CPU that was there.
func (h *Hotplug) Restore() error {
	wait := h.Wait
	if wait == 0 {
		wait = 10 * time.Second
	}
	deadline := time.Now().Add(wait)
	var found []error
	for _, cpu := range h.cpus {
		for {
			err := h.bring(cpu)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				found = append(found, err)
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return errors.Join(found...)
}

// bring makes sure that a CPU is on line.
func (h *Hotplug) bring(cpu int) error {
	state, err := os.ReadFile(h.file(cpu))
	if err == nil && strings.TrimSpace(string(state)) == "1" {
		return nil
	}
	return h.set(cpu, "1")
}

// Count is how many CPUs went off line.
func (h *Hotplug) Count() int64 { return h.offline.Load() }

// Note says how often the kernel wanted to keep a CPU.
func (h *Hotplug) Note() string {
	if n := h.refused.Load(); n > 0 {
		return fmt.Sprintf("refused %d times", n)
	}
	return ""
}

// sleep waits, but not beyond the context's end.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParseCPUs(t *testing.T) {
	for text, want := range map[string][]int{
		"":         {},
		"\n":       {},
		"0\n":      {0},
		"0-3,5\n":  {0, 1, 2, 3, 5},
		"1,3-4,63": {1, 3, 4, 63},
	} {
		if got, err := parseCPUs(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"a", "3-1", "0-", "-1", ",", "0,,1", "0-4000000000", "0-99999999999999999999", "0x1", "1 2"} {
		if got, err := parseCPUs(text); err == nil || !strings.Contains(err.Error(), "list of CPUs") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func FuzzParseCPUs(f *testing.F) {
	for _, seed := range []string{"0-3,5\n", "", "0-65535", "3-1", "0-65536"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cpus, err := parseCPUs(text)
		if err == nil && len(cpus) > maxCPU*(strings.Count(text, ",")+1) {
			t.Errorf("%d CPUs", len(cpus))
		}
	})
}

func TestParseMeminfo(t *testing.T) {
	const text = "MemTotal:        1012345 kB\nMemFree:  5 kB\nMemAvailable:    900000 kB\nHugePages_Total:       0\n"
	v, err := parseMeminfo(text, "MemAvailable", "MemTotal")
	if err != nil || v[0] != 900000<<10 || v[1] != 1012345<<10 {
		t.Errorf("%v, %v", v, err)
	}
	for _, c := range []struct{ text, name string }{
		{text, "Mem"}, {text, "HugePages_Total"}, {"", "MemTotal"}, {"MemTotal: x kB", "MemTotal"},
		{"MemTotal: -1 kB", "MemTotal"}, {"MemTotal: 9999999999999999999 kB", "MemTotal"}, {"MemTotal: 9 MB", "MemTotal"},
	} {
		if v, err := parseMeminfo(c.text, c.name); err == nil || !strings.Contains(err.Error(), "/proc/meminfo") {
			t.Errorf("%q in %q: %v, %v", c.name, c.text, v, err)
		}
	}
}

func TestTargetKeepsReserve(t *testing.T) {
	const mib = 1 << 20
	if got := target(700*mib, 0, 1000*mib, 1); got != 600*mib {
		t.Errorf("%d MiB", got/mib)
	}
	if got := target(100*mib, 600*mib, 1000*mib, 1); got != 600*mib {
		t.Errorf("with 600 held: %d MiB", got/mib)
	}
	if got := target(20*mib, 0, 256*mib, 1); got != 0 {
		t.Errorf("nothing to take: %d MiB", got/mib)
	}
}

func TestCounters(t *testing.T) {
	var c Counters
	absent := func(err error) bool { return err == unix.ENOENT }
	for _, err := range []error{nil, nil, unix.ENOMEM, fmt.Errorf("wrapped: %w", unix.ENOBUFS), unix.ENFILE, unix.ENOENT} {
		if err := c.Take("a", err, absent); err != nil {
			t.Error(err)
		}
	}
	c.Add("b", OK)
	if got, want := c.Kinds()["a"], (Requests{OK: 2, NoMemory: 3, Absent: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := c.Total(), (Requests{OK: 3, NoMemory: 3, Absent: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	// Whatever else comes is told, with the kind of request before it.
	if err := c.Take("a", unix.EIO, absent); err == nil || !strings.HasPrefix(err.Error(), "a: ") {
		t.Errorf("EIO became %v", err)
	}
	if err := c.Take("a", unix.ENOENT, nil); err == nil {
		t.Error("ENOENT was excused though nobody asked for it")
	}
}

func TestSurrender(t *testing.T) {
	for log, want := range map[string]string{
		"[   12.1] ODEBUG: Out of memory. ODEBUG disabled\n":                       "ODEBUG: Out of memory. ODEBUG disabled",
		"[   12.1] kmemleak: Kernel memory leak detector disabled\n":               "kmemleak: Kernel memory leak detector disabled",
		"[   12.1] turning off the locking correctness validator.\n":               "turning off the locking correctness validator",
		"[    0.1] kmemleak: Kernel memory leak detector initialized (mem pool)\n": "",
	} {
		if got := findSurrender([]byte(log)); got != want {
			t.Errorf("%q: %q, want %q", log, got, want)
		}
		if err := checkersOn([]byte(log)); (err != nil) != (want != "") {
			t.Errorf("%q: %v", log, err)
		}
	}
}

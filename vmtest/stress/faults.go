// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// budget is how many faults the kernel may inject; what is left of it tells how
// many it did.
const budget = 1 << 30

// Faults lets allocations fail: those that have the module's text on their stack
// where the kernel can tell (CONFIG_FAULT_INJECTION_STACKTRACE_FILTER), otherwise
// those of the threads that are Victims. It counts failed allocations.
type Faults struct {
	// Attr is the kind: "failslab" or "fail_page_alloc".
	Attr string
	// Module is the module under test.
	Module string
	// Tasks aims at Victims even where the kernel could tell the module's text: for
	// a kind that the module itself asks for too rarely.
	Tasks bool
	// Percent is how many of the allocations fail at most; 0 is 20.
	Percent int
	// Debug and Modules are the folders of debugfs and of modules; empty is the
	// kernel's own.
	Debug, Modules string

	before map[string]string // what to put back
	byText bool
	aimed  span
	armed  atomic.Bool  // the kernel counts for us
	last   atomic.Int64 // what Count saw last
}

// settings are the files that a run changes, in the order of writing. The last
// two are of fail_page_alloc alone.
var settings = []struct{ file, value string }{
	{"probability", "0"},
	{"verbose", "0"}, // or each fault would write a stack trace to the console
	{"interval", "1"},
	{"space", "0"},
	{"times", strconv.Itoa(budget)},
	{"ignore-gfp-wait", "N"}, // most allocations of a module may sleep
	{"task-filter", "Y"},
	{"ignore-gfp-highmem", "N"},
	{"min-order", "0"},
}

// Name is the kind of fault.
func (f *Faults) Name() string { return f.Attr }

func (f *Faults) file(name string) string {
	root := f.Debug
	if root == "" {
		root = "/sys/kernel/debug"
	}
	return filepath.Join(root, f.Attr, name)
}

// Prepare sets everything but the probability.
func (f *Faults) Prepare() error {
	if _, err := os.Stat(f.file("probability")); err != nil {
		return Unsupported{fmt.Sprintf("no %s: the kernel needs CONFIG_FAULT_INJECTION_DEBUG_FS and CONFIG_%s", f.file(""), strings.ToUpper(f.Attr))}
	}
	_, err := os.Stat(f.file("require-start"))
	f.byText = err == nil && !f.Tasks
	f.before = map[string]string{}
	for _, s := range settings {
		value := s.value
		if s.file == "task-filter" && f.byText {
			value = "N"
		}
		if err := f.change(s.file, value); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if f.byText {
		// Deep enough for a module that calls far into the kernel.
		if err := f.change("stacktrace-depth", "32"); err != nil {
			return err
		}
		// The kernel's own range is all there is; this one is nothing.
		if err := f.aim(span{1, 2}); err != nil {
			return err
		}
	}
	f.armed.Store(true)
	return nil
}

// change writes a file and keeps what was there.
func (f *Faults) change(name, value string) error {
	old, err := os.ReadFile(f.file(name))
	if err != nil {
		return err
	}
	if _, known := f.before[name]; !known {
		f.before[name] = strings.TrimSpace(string(old))
	}
	return os.WriteFile(f.file(name), []byte(value), 0)
}

// aim sets the range in which the text must lie.
func (f *Faults) aim(s span) error {
	if s == f.aimed {
		return nil
	}
	// Between the two writes the range is empty or too small, never too large.
	for _, w := range []struct {
		name string
		at   uint64
	}{{"require-end", 1}, {"require-start", s.start}, {"require-end", s.end}} {
		if err := f.change(w.name, fmt.Sprintf("%#x", w.at)); err != nil {
			return err
		}
	}
	f.aimed = s
	return nil
}

// longest is when a step gives up waiting for an allocation that could fail.
const longest = 5 * time.Second

// Step lets some of the allocations fail, for up to a second; for longer where
// nothing was allocated in that time.
func (f *Faults) Step(ctx context.Context, rnd *rand.Rand) error {
	most := f.Percent
	if most == 0 {
		most = 20
	}
	least, percent := time.Duration(300+rnd.IntN(700))*time.Millisecond, most-rnd.IntN(most*3/4+1)
	begin, before := time.Now(), f.Count()
	if err := f.follow(); err != nil {
		return err
	}
	if err := f.change("probability", strconv.Itoa(percent)); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if past := time.Since(begin); past > longest || past > least && f.Count() > before {
			break
		}
		sleep(ctx, 5*time.Millisecond)
		if err := f.follow(); err != nil {
			return errors.Join(err, f.change("probability", "0"))
		}
	}
	return f.change("probability", "0")
}

// follow aims at where the module lies now. While it is away the aim stays: the
// next load comes near.
func (f *Faults) follow() error {
	if !f.byText {
		return nil
	}
	root := f.Modules
	if root == "" {
		root = "/sys/module"
	}
	s, loaded, err := textOf(root, f.Module)
	if err != nil || !loaded {
		return err
	}
	return f.aim(s)
}

// Restore stops the faults and puts the settings back.
func (f *Faults) Restore() error {
	if f.before == nil {
		return nil
	}
	var found []error
	write := func(name, value string) {
		if err := os.WriteFile(f.file(name), []byte(value), 0); err != nil {
			found = append(found, err)
		}
	}
	write("probability", "0")
	f.Count() // while the kernel still knows
	f.armed.Store(false)
	for name, value := range f.before {
		if name != "probability" {
			write(name, value)
		}
	}
	if value, ok := f.before["probability"]; ok {
		write("probability", value)
	}
	if len(found) == 0 {
		f.before = nil
	}
	return errors.Join(found...)
}

// Count is how many allocations failed.
func (f *Faults) Count() int64 {
	if !f.armed.Load() {
		return f.last.Load()
	}
	text, err := os.ReadFile(f.file("times"))
	if err != nil {
		return f.last.Load()
	}
	left, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || left < 0 || left > budget {
		return f.last.Load()
	}
	f.last.Store(budget - left)
	return budget - left
}

// Note says at what the faults were aimed.
func (f *Faults) Note() string {
	if f.byText {
		return "aimed at the module's text"
	}
	return "aimed at the threads that make its requests"
}

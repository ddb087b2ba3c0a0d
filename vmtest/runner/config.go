// SPDX-License-Identifier: Apache-2.0

// Package runner runs one VM test on the build machine: it starts the guest, reads
// its console and events without loss, and writes down what the judge says.
package runner

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/tools/strictjson"
	"github.com/tidelock/tidelock/vmtest/gcov"
	"github.com/tidelock/tidelock/vmtest/qemu"
	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/splat"
	"github.com/tidelock/tidelock/vmtest/verdict"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// Config is one VM test, as the Bazel rule writes it beside the test's program.
// Paths are relative to the test's runfiles.
type Config struct {
	// Name is the test's label.
	Name string `json:"name"`
	// Kernel is <distribution>/<arch>/<release>, or how else the kernel is called.
	Kernel string `json:"kernel"`
	// Release is what uname -r must say in the guest; empty means anything.
	Release string `json:"release,omitempty"`
	// Arch is the guest's architecture: x86_64 or aarch64.
	Arch string `json:"arch"`
	// QEMURoot is the folder in which QEMU is installed as a distribution does it; "/"
	// is the machine's own.
	QEMURoot string `json:"qemu_root"`
	// Image and Initrd are what boots.
	Image  string `json:"image"`
	Initrd string `json:"initrd"`
	// Firmware is UEFI, if the kernel is to be started by it.
	Firmware *Firmware `json:"firmware,omitempty"`
	// Append is added to the kernel's command line.
	Append string `json:"append,omitempty"`
	// Accel is tcg; auto, which is KVM where it works; or kvm, which fails without.
	Accel string `json:"accel"`
	// MemoryMiB and CPUs are the machine's size.
	MemoryMiB int `json:"memory_mib"`
	CPUs      int `json:"cpus"`
	// TimeoutSeconds is the guest's time limit; Bazel's own, if shorter, wins.
	TimeoutSeconds int `json:"timeout_seconds"`
	// Programs are those of the guest's configuration: name and format count.
	Programs []wire.Program `json:"programs"`
	// Expect is what the guest must look like at the end.
	Expect verdict.Expect `json:"expect"`
	// Ignore lists known reports of the kernel: a pattern for the whole title, and
	// the reason.
	Ignore []Known `json:"ignore,omitempty"`
	// Vmlinux is the kernel with debug info, for lines of source in its traces, and
	// Modules has the files of modules by name; empty where there is none.
	Vmlinux string            `json:"vmlinux,omitempty"`
	Modules map[string]string `json:"modules,omitempty"`
	// KnownFailures lists cases that may fail.
	KnownFailures []results.KnownFailure `json:"known_failures,omitempty"`
	// Skip says why the test cannot run, which only a build that tolerates missing
	// packages writes; everything about the machine is empty then.
	Skip string `json:"skip,omitempty"`
	// ExpectClass turns the test around: it succeeds when the verdict is this class
	// and its title matches ExpectTitle.
	ExpectClass verdict.Class `json:"expect_class,omitempty"`
	// ExpectTitle is a pattern for the whole title.
	ExpectTitle string `json:"expect_title,omitempty"`
	// Coverage lists the instrumented modules, whose counts the guest sends.
	Coverage []gcov.Module `json:"coverage,omitempty"`
}

// Firmware is UEFI for a guest.
type Firmware struct {
	// Code is the firmware itself, Vars the flash with its variables. The guest may
	// write there; the file stays as it is.
	Code string `json:"code"`
	Vars string `json:"vars"`
}

// Known is a report that does not spoil a verdict.
type Known struct {
	// Title is a pattern for the whole title.
	Title string `json:"title"`
	// Reason says why.
	Reason string `json:"reason"`
}

// Load reads and checks a configuration. Relative paths are taken from dir.
func Load(file, dir string) (*Config, error) {
	c := &Config{}
	if err := strictjson.ReadFile(file, c); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %v", file, err)
	}
	c.takeFrom(dir)
	return c, nil
}

// takeFrom makes the relative names of files those of files in dir.
func (c *Config) takeFrom(dir string) {
	in := func(file string) string {
		if file == "" || filepath.IsAbs(file) {
			return file
		}
		return filepath.Join(dir, file)
	}
	files := []*string{&c.QEMURoot, &c.Image, &c.Initrd, &c.Vmlinux}
	if c.Firmware != nil {
		files = append(files, &c.Firmware.Code, &c.Firmware.Vars)
	}
	for i := range c.Coverage {
		files = append(files, &c.Coverage[i].Notes, &c.Coverage[i].Program)
	}
	for _, file := range files {
		*file = in(*file)
	}
	for name, file := range c.Modules {
		c.Modules[name] = in(file)
	}
}

func (c *Config) check() error {
	if c.Skip != "" {
		return nil
	}
	for _, f := range []struct{ name, value string }{
		{"name", c.Name}, {"qemu_root", c.QEMURoot}, {"image", c.Image}, {"initrd", c.Initrd},
	} {
		if f.value == "" {
			return fmt.Errorf("%s: is empty", f.name)
		}
	}
	if err := qemu.CheckArch(c.Arch); err != nil {
		return fmt.Errorf("arch: %v", err)
	}
	switch c.Accel {
	case qemu.TCG, qemu.KVM, "auto":
	default:
		return fmt.Errorf("accel: %q is not one of tcg, auto, kvm", c.Accel)
	}
	if c.MemoryMiB < 64 || c.CPUs < 1 || c.TimeoutSeconds < 1 {
		return fmt.Errorf("memory_mib (%d), cpus (%d) and timeout_seconds (%d) must be at least 64, 1 and 1", c.MemoryMiB, c.CPUs, c.TimeoutSeconds)
	}
	if len(c.Programs) == 0 {
		return fmt.Errorf("programs: the list is empty")
	}
	if err := checkExpected(c.ExpectClass, c.ExpectTitle); err != nil {
		return err
	}
	for i := range c.Coverage {
		if err := c.Coverage[i].Check(); err != nil {
			return fmt.Errorf("coverage[%d].%v", i, err)
		}
	}
	c.Expect.Ignore = nil
	for i, k := range c.Ignore {
		re, err := wholeMatch(k.Title)
		if err != nil {
			return fmt.Errorf("ignore[%d].title: %v", i, err)
		}
		if strings.TrimSpace(k.Title) == "" || strings.TrimSpace(k.Reason) == "" {
			return fmt.Errorf("ignore[%d]: a title and the reason why it may be ignored are needed", i)
		}
		c.Expect.Ignore = append(c.Expect.Ignore, splat.Ignore{Title: re, Reason: k.Reason})
	}
	for i := range c.KnownFailures {
		if err := c.KnownFailures[i].Compile(); err != nil {
			return fmt.Errorf("known_failures[%d]: %v", i, err)
		}
	}
	return nil
}

// checkExpected checks what a test that is turned around asks for.
func checkExpected(class verdict.Class, title string) error {
	if class != "" && !slices.Contains(verdict.Classes, class) {
		return fmt.Errorf("expect_class: %q is not one of %v", class, verdict.Classes)
	}
	if _, err := wholeMatch(title); err != nil {
		return fmt.Errorf("expect_title: %v", err)
	}
	return nil
}

func wholeMatch(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

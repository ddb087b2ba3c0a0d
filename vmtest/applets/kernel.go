// SPDX-License-Identifier: Apache-2.0

package applets

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/guest/kernel"
)

func insmod(_ streams, args []string) error {
	if len(args) == 0 {
		return usageError("no file")
	}
	if err := kernel.Insert(args[0], args[1:]...); err != nil {
		return fmt.Errorf("%w (dmesg may say more)", err)
	}
	return nil
}

func rmmod(_ streams, args []string) error {
	if len(args) == 0 {
		return usageError("no module")
	}
	var errs []error
	for _, name := range args {
		// As /proc/modules has the name, whichever way it was found.
		name = strings.ReplaceAll(strings.TrimSuffix(filepath.Base(name), ".ko"), "-", "_")
		if err := unix.DeleteModule(name, unix.O_NONBLOCK); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// procModules is where the kernel lists its modules.
var procModules = "/proc/modules"

func lsmod(s streams, args []string) error {
	if len(args) > 0 {
		return usageError("unexpected argument " + args[0])
	}
	text, err := os.ReadFile(procModules)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%-24s %8s  %s\n", "Module", "Size", "Used by")
	for line := range strings.Lines(string(text)) {
		// Name, size, references, users, state, address, taint.
		f := strings.Fields(line)
		if len(f) < 4 {
			return fmt.Errorf("%s: a line of %d fields: %q", procModules, len(f), line)
		}
		users := strings.Trim(strings.TrimPrefix(f[3], "-"), ",")
		fmt.Fprintln(s.out, strings.TrimRight(fmt.Sprintf("%-24s %8s  %s %s", f[0], f[1], f[2], users), " "))
	}
	return nil
}

func dmesg(s streams, args []string) error {
	if len(args) > 0 {
		return usageError("unexpected argument " + args[0])
	}
	log, err := kernel.Log()
	if err != nil {
		return err
	}
	for line := range bytes.Lines(log) {
		// <6>[    0.000000] text; the level says little to a person.
		if end := bytes.IndexByte(line, '>'); end > 0 && line[0] == '<' {
			line = line[end+1:]
		}
		if _, err := s.out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

func uname(s streams, args []string) error {
	var all, release, machine bool
	rest, err := flags(args, func(f *flag.FlagSet) {
		f.BoolVar(&all, "a", false, "")
		f.BoolVar(&release, "r", false, "")
		f.BoolVar(&machine, "m", false, "")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usageError("unexpected argument " + rest[0])
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	text := unix.ByteSliceToString
	var words []string
	if all {
		words = []string{text(u.Sysname[:]), text(u.Nodename[:]), text(u.Release[:]), text(u.Version[:]), text(u.Machine[:])}
	} else {
		if release {
			words = append(words, text(u.Release[:]))
		}
		if machine {
			words = append(words, text(u.Machine[:]))
		}
		if len(words) == 0 {
			words = append(words, text(u.Sysname[:]))
		}
	}
	fmt.Fprintln(s.out, strings.Join(words, " "))
	return nil
}

// sysctlDir is where the kernel has its settings.
var sysctlDir = "/proc/sys"

func sysctl(s streams, args []string) error {
	if len(args) == 0 {
		return usageError("no name")
	}
	for _, arg := range args {
		name, value, set := strings.Cut(arg, "=")
		file := filepath.Join(sysctlDir, filepath.Clean("/"+strings.ReplaceAll(name, ".", "/")))
		if set {
			if err := os.WriteFile(file, []byte(value), 0); err != nil {
				return err
			}
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s = %s\n", name, strings.TrimSpace(string(text)))
	}
	return nil
}

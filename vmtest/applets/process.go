// SPDX-License-Identifier: Apache-2.0

package applets

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// procDir is where the kernel lists processes.
var procDir = "/proc"

func ps(s streams, args []string) error {
	if len(args) > 0 {
		return usageError("unexpected argument " + args[0])
	}
	entries, err := os.ReadDir(procDir)
	if err != nil {
		return err
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	fmt.Fprintf(s.out, "%5s %5s %s %s\n", "PID", "PPID", "S", "COMMAND")
	for _, pid := range pids {
		dir := filepath.Join(procDir, strconv.Itoa(pid))
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue // it has ended
		}
		// PID (name) state parent …; the name may hold anything, ')' too.
		open, end := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
		fields := strings.Fields(string(stat[max(end, 0)+1:]))
		if open < 0 || end < open || len(fields) < 2 {
			return fmt.Errorf("%s/stat cannot be read: %q", dir, stat)
		}
		name := "[" + string(stat[open+1:end]) + "]"
		if line, err := os.ReadFile(filepath.Join(dir, "cmdline")); err == nil && len(line) > 0 {
			name = strings.TrimRight(strings.ReplaceAll(string(line), "\x00", " "), " ")
		}
		fmt.Fprintf(s.out, "%5d %5s %s %s\n", pid, fields[1], fields[0], name)
	}
	return nil
}

func kill(_ streams, args []string) error {
	signal := unix.SIGTERM
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		name := strings.ToUpper(args[0][1:])
		if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < 65 {
			signal = unix.Signal(n)
		} else if signal = unix.SignalNum("SIG" + strings.TrimPrefix(name, "SIG")); signal == 0 {
			return usageError("no signal " + args[0][1:])
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return usageError("no process")
	}
	var errs []error
	for _, arg := range args {
		pid, err := strconv.Atoi(arg)
		if err != nil || pid <= 0 {
			return usageError(arg + " is no number of a process")
		}
		if err := unix.Kill(pid, signal); err != nil {
			errs = append(errs, fmt.Errorf("%d: %w", pid, err))
		}
	}
	return errors.Join(errs...)
}

func sleep(_ streams, args []string) error {
	if len(args) != 1 {
		return usageError("one time is needed")
	}
	text := args[0]
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return usageError(fmt.Sprintf("%q is no time", args[0]))
	}
	time.Sleep(d)
	return nil
}

func mount(s streams, args []string) error {
	var fstype, options string
	rest, err := flags(args, func(f *flag.FlagSet) {
		f.StringVar(&fstype, "t", "", "")
		f.StringVar(&options, "o", "", "")
	})
	if err != nil {
		return err
	}
	if len(args) == 0 {
		text, err := os.ReadFile("/proc/mounts")
		if err != nil {
			return err
		}
		_, err = s.out.Write(text)
		return err
	}
	if len(rest) != 2 || fstype == "" {
		return usageError("a type, a source and a folder are needed")
	}
	if err := unix.Mount(rest[0], rest[1], fstype, 0, options); err != nil {
		return fmt.Errorf("%s: %w", rest[1], err)
	}
	return nil
}

func umount(_ streams, args []string) error {
	if len(args) == 0 {
		return usageError("no folder")
	}
	var errs []error
	for _, dir := range args {
		if err := unix.Unmount(dir, 0); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", dir, err))
		}
	}
	return errors.Join(errs...)
}

// SPDX-License-Identifier: Apache-2.0

// Command misbehave ends a VM test's guest in one way of many. Each is the twin
// that must fail: it shows that the harness has a class for it.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// ways by name; each returns the exit status, if it returns at all.
var ways = map[string]func() int{
	"succeed":   func() int { fmt.Println("all is well"); return 0 },
	"fail":      func() int { return 7 },
	"crash":     func() int { unix.Kill(os.Getpid(), unix.SIGKILL); return 0 },
	"hang":      func() int { fmt.Println("last words"); time.Sleep(time.Hour); return 0 },
	"panic":     func() int { return sysrq("c") },
	"reboot":    func() int { return errno(unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)) },
	"power-off": func() int { return errno(unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)) },
	"kill-init": func() int { unix.Kill(1, unix.SIGKILL); return 0 }, // the kernel shields PID 1
	"events":    func() int { return forge() },
	"console":   func() int { return flood("/dev/console", 10<<20) },
	"output":    func() int { return flood("/dev/stdout", 10<<20) },
	"binary":    binary,
	"memory":    memory,
	"disk":      disk,
	"tap":       func() int { fmt.Print("1..2\nok 1 one\nnot ok 2 two\n"); return 0 },
	"tap-short": func() int { fmt.Print("1..2\nok 1 one\n"); return 0 },
	"tap-good":  func() int { fmt.Print("1..2\nok 1 one\nok 2 two\n"); return 0 },
	"megabytes": func() int { return flood("/dev/stdout", 4<<20) },
}

func main() {
	if len(os.Args) != 2 || ways[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: misbehave WAY")
		os.Exit(2)
	}
	if os.Getenv("TIDELOCK_VM") == "" {
		fmt.Fprintln(os.Stderr, "misbehave: not in a guest of vmtest: refusing to do harm")
		os.Exit(2)
	}
	os.Exit(ways[os.Args[1]]())
}

func errno(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	time.Sleep(time.Minute) // it will come
	return 0
}

// sysrq makes the kernel itself do something.
func sysrq(key string) int {
	return errno(os.WriteFile("/proc/sysrq-trigger", []byte(key), 0))
}

// forge writes to the port that only init may use.
func forge() int {
	ports, err := filepath.Glob("/dev/ttyS[01]")
	if err != nil || len(ports) == 0 {
		return 1
	}
	for _, p := range ports {
		f, err := os.OpenFile(p, os.O_WRONLY|unix.O_NOCTTY, 0)
		if err == nil {
			f.WriteString(`{"seq":1,"type":"done","uptime":0,"exit":0}` + "\n")
			f.Close()
		}
	}
	return 0
}

func flood(path string, size int) int {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return errno(err)
	}
	defer f.Close()
	line := append(bytes.Repeat([]byte("flood "), 170), "end\n"...)
	for n := 0; n < size; n += len(line) {
		if _, err := f.Write(line); err != nil {
			return errno(err)
		}
	}
	return 0
}

// binary writes every byte there is to console and output, and that must not hurt.
func binary() int {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for range 64 {
		os.Stdout.Write(all)
		if err := os.WriteFile("/dev/console", all, 0); err != nil {
			return errno(err)
		}
	}
	return 0
}

// memory fills the machine until the kernel ends somebody.
func memory() int {
	var hold [][]byte
	for {
		b := make([]byte, 16<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		hold = append(hold, b)
		if len(hold) > 4096 {
			return 1
		}
	}
}

// disk fills the root file system. The harness must still hear what comes next.
func disk() int {
	f, err := os.Create("/tmp/full")
	if err != nil {
		return errno(err)
	}
	block := make([]byte, 1<<20)
	for err == nil {
		_, err = f.Write(block)
	}
	if !errors.Is(err, unix.ENOSPC) {
		return errno(err)
	}
	fmt.Println("the disk is full")
	return 28
}

// SPDX-License-Identifier: Apache-2.0

// Command part plays one role of a test that must fail: it ends in one way of many,
// and the others wait for it. It shows that the harness names the role to blame.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/guest/peers"
)

// ways by name; each returns the exit status, if it returns at all.
var ways = map[string]func() int{
	"leave":  func() int { return 0 },
	"fail":   func() int { return 7 },
	"crash":  func() int { unix.Kill(os.Getpid(), unix.SIGKILL); return 0 },
	"panic":  panicKernel,
	"hang":   hang,
	"meet":   meet,
	"serve":  func() int { return meetThen(hang) },
	"ignore": func() int { signal.Ignore(unix.SIGTERM); return meetThen(hang) },
	"slow":   func() int { return meetThen(func() int { time.Sleep(5 * time.Second); return 0 }) },
}

func main() {
	if len(os.Args) != 2 || ways[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: part WAY")
		os.Exit(2)
	}
	if os.Getenv("TIDELOCK_VM") == "" {
		fmt.Fprintln(os.Stderr, "part: not in a guest of vmtest: refusing to do harm")
		os.Exit(2)
	}
	os.Exit(ways[os.Args[1]]())
}

func hang() int { time.Sleep(time.Hour); return 0 }

// meet waits for all roles.
func meet() int { return meetThen(func() int { return 0 }) }

func meetThen(then func() int) int {
	if err := peers.Barrier(context.Background(), "meet"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return then()
}

func panicKernel() int {
	if err := os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	time.Sleep(time.Minute) // it will come
	return 0
}

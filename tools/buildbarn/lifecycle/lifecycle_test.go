// SPDX-License-Identifier: Apache-2.0

// Package lifecycle tests the cluster with the real servers: that it comes up, and that
// nothing of it stays, however it ends.
//
//	tools/bazel test //tools/buildbarn/lifecycle:lifecycle_test
package lifecycle

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tidelock/tidelock/tools/buildbarn/cluster"
	"github.com/tidelock/tidelock/tools/buildbarn/room"
)

var (
	serversFlag = flag.String("servers", "", "folder with Buildbarn's programs; the target gives it")
	shellFlag   = flag.String("shell", "", "tool root with a shell; the target gives it")
)

// The test program is also the cluster program, and the first process of rooms.
func TestMain(m *testing.M) {
	room.Enter()
	if os.Getenv("BE_CLUSTER") != "" {
		os.Exit(cluster.Main(os.Args, os.Stdout, os.Stderr))
	}
	flag.Parse()
	os.Exit(m.Run())
}

func TestNothingStays(t *testing.T) {
	if *serversFlag == "" {
		t.Skip("needs Buildbarn's programs: tools/bazel test //tools/buildbarn/lifecycle:lifecycle_test")
	}
	want := 6
	if *shellFlag != "" {
		want = 8
	}
	for _, test := range []struct {
		name   string
		before func(t *testing.T, dir string) // done to the running cluster
		signal syscall.Signal
		status int
	}{
		{"interrupted", nil, syscall.SIGINT, 0},
		{"terminated", nil, syscall.SIGTERM, 0},
		{"killed", nil, syscall.SIGKILL, -1},
		// bb_worker ignores SIGTERM while there is no scheduler.
		{"a server dies", func(t *testing.T, dir string) { kill(t, dir, "bb_scheduler") }, 0, 1},
		{"a runner dies", func(t *testing.T, dir string) { kill(t, dir, "bb_runner") }, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Short: sockets are in it.
			dir, err := os.MkdirTemp("/tmp", "c")
			if err != nil {
				t.Fatal(err)
			}
			defer cluster.RemoveAll(dir)
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, "/proc/self/exe", "--servers="+*serversFlag, "--shell="+*shellFlag, "--dir="+dir, "--port=0", "--cache-gib=1", "--jobs=1")
			cmd.Env = append(os.Environ(), "BE_CLUSTER=1")
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			address := ready(t, bufio.NewScanner(out))
			if got := processes(t, dir); len(got) != want {
				t.Errorf("running: %v; want cluster, storage, scheduler, worker, and in each room a first process and a runner", got)
			}
			if conn, err := net.Dial("tcp", address); err != nil {
				t.Errorf("the address that it prints: %v", err)
			} else {
				conn.Close()
			}
			if test.before != nil {
				test.before(t, dir)
			}
			if test.signal != 0 {
				if err := cmd.Process.Signal(test.signal); err != nil {
					t.Fatal(err)
				}
			}
			start := time.Now()
			cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != test.status {
				t.Errorf("exit status %d, want %d", got, test.status)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("it took %v to stop", took)
			}
			// The kernel ends the children of a killed program a moment later.
			var left []string
			for range 50 {
				if left = processes(t, dir); len(left) == 0 {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			if len(left) > 0 {
				t.Errorf("still running: %v", left)
			}
		})
	}
}

// ready reads the address out of what the cluster prints when it is ready.
func ready(t *testing.T, lines *bufio.Scanner) string {
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "--remote_executor=grpc://"); ok {
			address, _, _ := strings.Cut(rest, " ")
			return address
		}
	}
	t.Fatal("the cluster ended before it was ready")
	return ""
}

// processes lists those that name the cluster's folder, or work in a room below it.
func processes(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	forEach(t, dir, func(pid int, name string) { found = append(found, fmt.Sprintf("%s (%d)", name, pid)) })
	return found
}

// kill kills one program of the cluster.
func kill(t *testing.T, dir, name string) {
	t.Helper()
	killed := false
	forEach(t, dir, func(pid int, running string) {
		if !killed && running == name {
			killed = syscall.Kill(pid, syscall.SIGKILL) == nil
		}
	})
	if !killed {
		t.Fatalf("no %s to kill", name)
	}
}

func forEach(t *testing.T, dir string, f func(pid int, name string)) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range stats {
		var pid int
		fmt.Sscanf(file, "/proc/%d/", &pid)
		text, err := os.ReadFile(file)
		if err != nil || len(text) == 0 {
			continue // gone, or a zombie
		}
		name, _, _ := strings.Cut(string(text), "\x00")
		mine := strings.Contains(string(text), dir)
		if !mine {
			// In a room the arguments are paths of the room, into which dir is mounted.
			mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
			mine = err == nil && strings.Contains(string(mounts), filepath.Base(dir)+"/")
		}
		if mine {
			f(pid, filepath.Base(name))
		}
	}
}

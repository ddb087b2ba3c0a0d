// SPDX-License-Identifier: Apache-2.0

package symbolize

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// runfile is what a variable says, by its path below the runfiles. Without Bazel the
// variables hold absolute paths, and the test is left out where they are not set.
func runfile(t *testing.T, variable, suffix string) string {
	t.Helper()
	for _, path := range strings.Fields(os.Getenv(variable)) {
		if !strings.HasSuffix(path, suffix) {
			continue
		}
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(os.Getenv("TEST_SRCDIR"), os.Getenv("TEST_WORKSPACE"), path)
	}
	if os.Getenv("TEST_SRCDIR") != "" {
		t.Fatalf("%s names no %s", variable, suffix)
	}
	t.Skipf("%s is not set: no real kernel is at hand", variable)
	return ""
}

// forEachKernel runs a test on the debug kernel of both architectures.
func forEachKernel(t *testing.T, test func(t *testing.T, s *Symbolizer)) {
	for _, arch := range []string{"X86_64", "AARCH64"} {
		t.Run(arch, func(t *testing.T) {
			s, err := Open(runfile(t, "VMLINUX_"+arch, "vmlinux"), map[string]string{"faults": runfile(t, "FAULTS_"+arch, ".ko")})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			test(t, s)
			// Assembler has lines too; what has none is a hole between functions.
			for _, n := range s.Notes() {
				t.Error(n)
			}
		})
	}
}

// place is a place in a function that there is only once.
func place(t *testing.T, s *Symbolizer, module, name string, offset uint64) Place {
	t.Helper()
	list := s.objects[module].symbols[name]
	if len(list) != 1 {
		t.Fatalf("%d symbols are called %s", len(list), name)
	}
	return Place{Name: name, Offset: offset, Size: list[0].distance, Module: module, Exact: true}
}

// All of a function lies in the file that it is written in, whatever was inlined.
func TestRealFunctions(t *testing.T) {
	forEachKernel(t, func(t *testing.T, s *Symbolizer) {
		deepest := 0
		for name, file := range map[string]string{
			"tcp_connect":     "net/ipv4/tcp_output.c",
			"tcp_v6_rcv":      "net/ipv6/tcp_ipv6.c",
			"vfs_write":       "fs/read_write.c",
			"kfree":           "mm/slub.c",
			"do_epoll_wait":   "fs/eventpoll.c",
			"wake_up_process": "kernel/sched/core.c",
		} {
			if s.objects[""].symbols[name] == nil && name == "do_epoll_wait" {
				continue // inlined as a whole on one of the architectures
			}
			size := s.objects[""].symbols[name][0].size
			for offset := uint64(0); offset < size; offset += max(4, size/100*4) {
				f := s.Frame(place(t, s, "", name, offset))
				if len(f.Stacks) != 1 {
					t.Fatalf("%v: %v", f.Place, f.Stacks)
				}
				stack := f.Stacks[0]
				outer := stack[len(stack)-1]
				if outer.File != file || outer.Func != name || outer.Line == 0 {
					t.Fatalf("%v is in %+v, and not in %s", f.Place, stack, file)
				}
				deepest = max(deepest, len(stack))
			}
		}
		if deepest < 3 {
			t.Errorf("at most %d functions are inlined in each other: inlining is not seen", deepest)
		}
	})
}

// The lines of a module's function are those between its head and its end.
func TestRealModule(t *testing.T) {
	source, err := os.ReadFile(runfile(t, "FAULTS_SOURCE", "memory.c"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(source), "\n")
	forEachKernel(t, func(t *testing.T, s *Symbolizer) {
		for _, name := range []string{"use_after_free", "slab_out_of_bounds", "null_dereference", "deeper"} {
			first, last := 0, 0
			head := regexp.MustCompile(`^static .*\b` + name + `\(`)
			for i, l := range lines {
				if head.MatchString(l) {
					first = i + 1
				}
				if first > 0 && last == 0 && l == "}" {
					last = i + 1
				}
			}
			size := s.objects["faults"].symbols[name][0].size
			for offset := uint64(0); offset < size; offset += 4 {
				f := s.Frame(place(t, s, "faults", name, offset))
				if len(f.Stacks) != 1 {
					t.Fatalf("%v: %v", f.Place, f.Stacks)
				}
				stack := f.Stacks[0]
				if p := stack[len(stack)-1]; p.File != "memory.c" || p.Line < first || p.Line > last {
					t.Errorf("%v is in %v, and not in lines %d to %d of memory.c", f.Place, stack, first, last)
				}
			}
		}
		var all strings.Builder
		for offset := range s.objects["faults"].symbols["refcount_underflow"][0].size {
			all.WriteString(s.Frame(place(t, s, "faults", "refcount_underflow", offset)).Lines())
		}
		if want := regexp.MustCompile(`include/linux/refcount\.h:\d+ in refcount_dec_and_test, inlined by objects\.c:\d+\)`); !want.MatchString(all.String()) {
			t.Errorf("%v is nowhere in refcount_underflow: %.2000s", want, all.String())
		}
	})
}

// What a trace of 30 lines costs, for the record.
func TestRealCost(t *testing.T) {
	forEachKernel(t, func(t *testing.T, s *Symbolizer) {
		var b strings.Builder
		n := 0
		for name, list := range s.objects[""].symbols {
			if n < 30 && len(list) == 1 && list[0].size > 64 && list[0].size == list[0].distance {
				fmt.Fprintf(&b, "[    1.1]  %s+0x21/%#x\n", name, list[0].distance)
				n++
			}
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		text := s.Text([]byte(b.String()))
		took := time.Since(begin)
		runtime.ReadMemStats(&after)
		t.Logf("%d lines: %v, %d MB allocated, %d MB from the system", n, took, (after.TotalAlloc-before.TotalAlloc)>>20, after.Sys>>20)
		if n != 30 || strings.Count(string(text), ")\n") != n {
			t.Errorf("%s", text)
		}
	})
}

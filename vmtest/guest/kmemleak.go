// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/tidelock/tidelock/vmtest/wire"
	"golang.org/x/sys/unix"
)

// kmemleakFile exists where the kernel was built with CONFIG_DEBUG_KMEMLEAK.
const kmemleakFile = "/sys/kernel/debug/kmemleak"

// kmemleakAge is how old an object must be before kmemleak reports it.
const kmemleakAge = 5500 * time.Millisecond

// StackHolder is the name under which init is a process that waits for the end of
// its input.
const StackHolder = "vmtest-wait"

// stacksPerCPU is more than the stacks of ended tasks that the kernel keeps for
// the next ones (kernel/fork.c, NR_CACHED_STACKS).
const stacksPerCPU = 3

// sendLeaks scans for leaks where the kernel can, and sends what is found.
func sendLeaks(send func(wire.Event) error, end *ending) error {
	leaks, ok, err := scanKmemleak()
	if err != nil {
		end.fail(err)
		return nil
	}
	end.Scanned = ok
	return sendPieces(send, wire.TypeKmemleak, leaks)
}

// scanKmemleak scans twice, since kmemleak reports an object only when its
// checksum was the same in two scans, and only when it is old enough.
func scanKmemleak() (leaks []byte, ok bool, err error) {
	if _, err := os.Stat(kmemleakFile); err != nil {
		return nil, false, nil
	}
	ready := time.Now().Add(kmemleakAge)
	if err := wipeStacks(); err != nil {
		return nil, false, fmt.Errorf("kmemleak: %v", err)
	}
	time.Sleep(time.Until(ready))
	for range 2 {
		if err := os.WriteFile(kmemleakFile, []byte("scan"), 0); err != nil {
			return nil, false, fmt.Errorf("kmemleak: %v", err)
		}
	}
	leaks, err = os.ReadFile(kmemleakFile)
	if err != nil {
		return nil, false, fmt.Errorf("kmemleak: %v", err)
	}
	return leaks, true, nil
}

// wipeStacks has the kernel use its stacks of ended tasks again, which clears
// them. kmemleak reads them like all memory in use, and a pointer to what the last
// program lost still stands in the stack that it had.
func wipeStacks() error {
	var input [2]int
	if err := unix.Pipe2(input[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	defer unix.Close(input[0])
	var cpus unix.CPUSet
	err := unix.SchedGetaffinity(0, &cpus)
	var pids []int
	for cpu := 0; err == nil && cpu < len(cpus)*64; cpu++ {
		if cpus.IsSet(cpu) {
			var more []int
			more, err = holdStacks(cpu, input[0])
			pids = append(pids, more...)
		}
	}
	unix.Close(input[1]) // they end
	for left := len(pids); left > 0; {
		// Other children may end too: init gets those of others.
		pid, werr := syscall.Wait4(-1, nil, 0, nil)
		switch {
		case werr == nil && slices.Contains(pids, pid):
			left--
		case werr == nil || errors.Is(werr, syscall.EINTR):
		default:
			return errors.Join(err, fmt.Errorf("wait for a process: %v", werr))
		}
	}
	return err
}

// holdStacks starts processes from one CPU, each of which takes a stack from its
// cache. They end with their input.
func holdStacks(cpu, input int) (pids []int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, err
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return nil, nil // it has gone off line: so have its stacks
	}
	defer unix.SchedSetaffinity(0, &before)
	for range stacksPerCPU {
		pid, err := syscall.ForkExec("/proc/self/exe", []string{StackHolder}, &syscall.ProcAttr{
			Files: []uintptr{uintptr(input)},
		})
		if err != nil {
			return pids, fmt.Errorf("start a process: %v", err)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// HoldStack is the process StackHolder.
func HoldStack() { io.Copy(io.Discard, os.Stdin) }

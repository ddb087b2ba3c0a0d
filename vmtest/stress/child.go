// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// childVar tells a process that it is a child of a disturbance, and which.
const childVar = "TIDELOCK_STRESS_CHILD"

// Child is the first call of a program that uses Memory: a disturbance runs the
// program again as its child, and then Child does not return.
func Child() {
	switch role := os.Getenv(childVar); role {
	case "":
	case "memory":
		if err := memoryChild(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintf(os.Stderr, "stress: memory child: %v\n", err)
			os.Exit(1)
		}
		os.Exit(0)
	default:
		fmt.Fprintf(os.Stderr, "stress: %s=%s is no child of a disturbance\n", childVar, role)
		os.Exit(2)
	}
}

// chunk is what the child asks the kernel for at a time.
const chunk = 1 << 20

// memoryChild reads lines with a number of bytes to hold, and answers each with
// what it holds at that moment. It goes there as fast as it can, line or no line.
// Each page has a number of its own, which must still be there when the page is
// given back.
func memoryChild(in io.Reader, out io.Writer) error {
	// Ahead of the load, or a slow guest never gets short of memory.
	unix.Setpriority(unix.PRIO_PROCESS, 0, -10)
	wants := make(chan int64)
	ended := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			want, err := strconv.ParseInt(lines.Text(), 10, 64)
			if err != nil || want < 0 {
				ended <- fmt.Errorf("%q is not a size", lines.Text())
				return
			}
			wants <- want
		}
		ended <- lines.Err()
	}()
	always := make(chan struct{})
	close(always)
	var held [][]byte
	var want int64
	full := false // the kernel gave no more
	for {
		size := int64(len(held)) * chunk
		ready := always
		if there := size <= want && (size+chunk > want || full); there {
			ready = nil // wait for the next line
		}
		select {
		case want = <-wants:
			full = false
			if _, err := fmt.Fprintln(out, size); err != nil {
				return err
			}
			continue
		case err := <-ended:
			return err
		case <-ready:
		}
		last := len(held) - 1
		switch {
		case size > want:
			if err := release(held[last], last); err != nil {
				return err
			}
			held = held[:last]
		default:
			m, err := unix.Mmap(-1, 0, chunk, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
			if err == unix.ENOMEM {
				full = true
				continue
			}
			if err != nil {
				return fmt.Errorf("mmap: %w", err)
			}
			mark(m, len(held))
			held = append(held, m)
		}
	}
}

// mark writes to each page which one it is.
func mark(m []byte, number int) {
	for at := 0; at < len(m); at += os.Getpagesize() {
		binary.NativeEndian.PutUint64(m[at:], stamp(number, at))
	}
}

func stamp(number, at int) uint64 { return uint64(number)<<32 | uint64(at) | 1 }

// release gives memory back that still has what was written.
func release(m []byte, number int) error {
	for at := 0; at < len(m); at += os.Getpagesize() {
		if got := binary.NativeEndian.Uint64(m[at:]); got != stamp(number, at) {
			return fmt.Errorf("memory was written to by somebody else: page at %#x of chunk %d has %#x, want %#x", at, number, got, stamp(number, at))
		}
	}
	return unix.Munmap(m)
}

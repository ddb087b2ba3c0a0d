// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// netGuest plays a QEMU with one of several guests in it: console on descriptor 3,
// events both ways on 4, cable on 5.
func netGuest(how string) int {
	if after := os.Getenv("VMTEST_LINGER"); after != "" {
		return linger(after)
	}
	console, port, cable := os.NewFile(3, "console"), os.NewFile(4, "events"), os.NewFile(5, "cable")
	fmt.Fprintf(console, "[    0.000000] Linux version 6.1\r\n")
	enc := wire.NewEncoder(port)
	say := func(ev wire.Event) { enc.Send(ev) }
	heard := make(chan wire.Event, 100)
	go func() {
		var stream wire.Stream
		buf := make([]byte, 4096)
		for {
			n, err := port.Read(buf)
			if err != nil || stream.Write(buf[:n], func(ev wire.Event) { heard <- ev }) != nil {
				return
			}
		}
	}()
	if how == "no boot" {
		time.Sleep(time.Hour)
	}
	say(wire.Event{Type: wire.TypeStart, Release: "6.1.0-test"})
	say(wire.Event{Type: wire.TypeProgram, Program: "t"})
	exit := wire.Event{Type: wire.TypeExit, Program: "t"}
	switch how {
	case "panic":
		fmt.Fprintf(console, "[    2.000000] Kernel panic - not syncing: sysrq triggered crash\r\n")
		return 0
	case "hang":
		time.Sleep(time.Hour)
	case "fail":
		exit.Exit = 7
	case "leave":
	default:
		frame := append(make([]byte, 12, 100), 0x88, 0xb5)
		frame[0], frame[6] = 0xff, 2
		switch how {
		case "stream":
			cable.Write([]byte{0xff, 0xff, 0xff, 0xff})
		case "talk":
			put(cable, append(frame, "secret"...))
		case "fragment":
			put(cable, fragmentOf("se"))
			put(cable, fragmentOf("cret"))
		case "no frame":
			put(cable, []byte("secret"))
		case "linger", "stays":
			for fd := 3; fd <= 5; fd++ {
				unix.CloseOnExec(fd) // it is to have the cable, and not the other ports
			}
			left := exec.Command(os.Args[0])
			left.Env, left.ExtraFiles = []string{"VMTEST_LINGER=" + how}, []*os.File{cable}
			if left.Start() != nil {
				os.Exit(97)
			}
		}
		say(wire.Event{Type: wire.TypeBarrier, Text: "meet"})
		if ev := <-heard; ev.Type != wire.TypeRelease {
			out := wire.Event{Type: wire.TypeOutput, Program: "t", Text: "refused: " + ev.Error}
			say(out)
			exit.Exit = 1
			if how == "stay" {
				time.Sleep(time.Hour)
			}
		} else if how == "serve" {
			for ev.Type != wire.TypeStop {
				ev = <-heard
			}
			exit.Exit, exit.Signal, exit.Stopped = 143, "SIGTERM", true
		}
	}
	say(exit)
	sayCoverage(how, say)
	status := exit.Exit
	if exit.Stopped {
		status = 0
	}
	say(wire.Event{Type: wire.TypeDone, Exit: status})
	if how == "torn" {
		fmt.Fprint(port, `{"seq":8`)
	}
	return 0
}

// put sends a frame.
func put(cable *os.File, frame []byte) {
	cable.Write(append([]byte{0, 0, 0, byte(len(frame))}, frame...))
}

// fragmentOf is a frame with a piece of a packet of IPv4.
func fragmentOf(text string) []byte {
	f := append(make([]byte, 12, 100), 8, 0, 0x45, 0, 0, byte(20+len(text)), 0, 1, 0x20, 0, 64, 17, 0, 0, 10, 77, 0, 1, 10, 77, 0, 2)
	f[0], f[6] = 0xff, 2
	return append(f, text...)
}

// linger has the cable longer than its QEMU lives: until it has spoken, or for good.
func linger(how string) int {
	time.Sleep(300 * time.Millisecond)
	if how == "stays" {
		time.Sleep(4 * time.Second)
	}
	frame := append(make([]byte, 12, 100), 0x88, 0xb5)
	frame[0], frame[6] = 0xff, 2
	put(os.NewFile(3, "cable"), append(frame, "secret"...))
	return 0
}

// SPDX-License-Identifier: Apache-2.0

// Package room runs a program in an almost empty root of its own: a user, mount, process,
// IPC and network namespace in which nothing exists but what a Spec names, the kernel's
// own /proc and devices, and an empty /tmp. There is no network beyond loopback.
//
// It is what a remote worker executes actions in: an action that needs anything of the
// machine which it does not declare as an input fails there.
package room

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"syscall"
)

// Bind is a file or folder of the machine that the room shows.
type Bind struct {
	From     string // on the machine
	To       string // in the room
	Writable bool
}

// Spec describes a room.
type Spec struct {
	Root    string            // an empty folder of the machine, over which the room is made
	Binds   []Bind            // what of the machine is shown
	Links   map[string]string // symbolic links: path in the room to target
	Command []string          // the program to run, by its path in the room, and its arguments
	Env     []string          // its whole environment
}

// insideEnv carries a Spec to the process that makes the room.
const insideEnv = "TIDELOCK_ROOM"

// Process returns the command that makes the room and runs the program. The room ends when
// the program does, and every process in it ends with the room, or with this process.
//
// The command is the running program itself once more: its main function has to call Enter
// before anything else.
func (s *Spec) Process() (*exec.Cmd, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"room:" + path.Base(s.Command[0])}
	cmd.Env = []string{insideEnv + "=" + string(text)}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
		Setpgid:     true,
	}
	return cmd, nil
}

func (s *Spec) check() error {
	if len(s.Command) == 0 {
		return fmt.Errorf("room: no program to run")
	}
	if !filepath.IsAbs(s.Root) {
		return fmt.Errorf("room: root %q is not an absolute path", s.Root)
	}
	for _, b := range s.Binds {
		if !filepath.IsAbs(b.From) || !filepath.IsAbs(b.To) {
			return fmt.Errorf("room: bind of %q to %q: both have to be absolute paths", b.From, b.To)
		}
	}
	for link := range s.Links {
		if !filepath.IsAbs(link) {
			return fmt.Errorf("room: link %q is not an absolute path", link)
		}
	}
	return nil
}

// Enter does nothing, unless the process was started by a room's command: then it makes
// the room, runs the program and exits with its status.
func Enter() {
	text, ok := os.LookupEnv(insideEnv)
	if !ok {
		return
	}
	var s Spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		fmt.Fprintf(os.Stderr, "room: %s: %v\n", insideEnv, err)
		os.Exit(1)
	}
	status, err := s.live()
	if err != nil {
		fmt.Fprintf(os.Stderr, "room: %v\n", err)
		os.Exit(1)
	}
	os.Exit(status)
}

// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// server is one running program of the cluster.
type server struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when the program has ended
	err  error         // valid when done is closed
}

// spawner starts programs that die with this process, however it dies. The kernel ties
// that to the thread that started them, so all are started by one that lives for ever.
var spawner = sync.OnceValue(func() chan func() {
	todo := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range todo {
			f()
		}
	}()
	return todo
})

func start(name string, cmd *exec.Cmd) (*server, error) {
	started := make(chan error)
	spawner() <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	s := &server{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		s.err = cmd.Wait()
		close(s.done)
	}()
	return s, nil
}

// stop asks the program to end, and makes it end when it does not: bb_worker ignores
// SIGTERM while its scheduler is gone or it has an action.
func (s *server) stop(grace time.Duration) {
	s.signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(grace):
		s.signal(syscall.SIGKILL)
		<-s.done
	}
}

// signal reaches the program's whole group, which is its own.
func (s *server) signal(sig syscall.Signal) {
	syscall.Kill(-s.cmd.Process.Pid, sig)
}

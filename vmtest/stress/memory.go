// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Where the limit of the child lies, if the kernel has cgroups of version 2.
const cgroupRoot = "/sys/fs/cgroup"

// Memory makes memory short: a child holds more or less of what is available,
// and writes to it. The child is the first that the kernel would kill, and has a
// limit of its own where there are memory cgroups. It counts changes of size.
type Memory struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	group   string // cgroup of the child, or empty
	without string // why there is none
	want    int64  // bytes that it is to hold
	peak    atomic.Int64
	changes atomic.Int64
}

// Name is "memory".
func (m *Memory) Name() string { return "memory" }

// Prepare starts the child.
func (m *Memory) Prepare() error {
	if _, _, err := meminfo(); err != nil {
		return Unsupported{err.Error()}
	}
	m.group = filepath.Join(cgroupRoot, fmt.Sprintf("stress-%d", os.Getpid()))
	if err := makeGroup(m.group); err != nil {
		m.without, m.group = err.Error(), ""
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	m.cmd = exec.Command(self)
	m.cmd.Env = append(os.Environ(), childVar+"=memory")
	m.cmd.Stderr = os.Stderr
	if m.in, err = m.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	m.out = bufio.NewReader(out)
	if err := m.cmd.Start(); err != nil {
		m.cmd = nil
		return err
	}
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", m.cmd.Process.Pid), []byte("1000"), 0); err != nil {
		return err
	}
	if m.group != "" {
		pid := fmt.Sprint(m.cmd.Process.Pid)
		if err := os.WriteFile(filepath.Join(m.group, "cgroup.procs"), []byte(pid), 0); err != nil {
			return err
		}
	}
	return nil
}

// makeGroup makes a cgroup with the memory controller.
func makeGroup(path string) error {
	if err := os.WriteFile(filepath.Join(cgroupRoot, "cgroup.subtree_control"), []byte("+memory"), 0); err != nil {
		return fmt.Errorf("no memory cgroup: %w", err)
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if _, err := os.Stat(filepath.Join(path, "memory.max")); err != nil {
		os.Remove(path)
		return fmt.Errorf("no memory cgroup: %w", err)
	}
	return nil
}

func meminfo() (available, total int64, err error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0, err
	}
	v, err := parseMeminfo(string(text), "MemAvailable", "MemTotal")
	if err != nil {
		return 0, 0, err
	}
	return v[0], v[1], nil
}

// slowest is for how long a step waits for the child, which an emulated CPU with
// checkers gives a few thousand pages a second.
const slowest = 5 * time.Second

// much is what counts as a change of size though the child is not there yet.
const much = 16 << 20

// Step gives the child another share of what is available to hold, and waits
// until it does. Where that takes too long, the child goes on by itself.
func (m *Memory) Step(ctx context.Context, rnd *rand.Rand) error {
	available, total, err := meminfo()
	if err != nil {
		return err
	}
	share := rnd.Float64()
	held, err := m.ask(m.want)
	if err != nil {
		return err
	}
	m.want = target(available, held, total, share) / chunk * chunk
	if m.group != "" {
		// Never below what it holds: the kernel would have to kill it.
		limit := max(m.want, held) + 32<<20
		if err := os.WriteFile(filepath.Join(m.group, "memory.max"), []byte(fmt.Sprint(limit)), 0); err != nil {
			return err
		}
	}
	now := held
	for end := time.Now().Add(slowest); ctx.Err() == nil && time.Now().Before(end); sleep(ctx, 20*time.Millisecond) {
		if now, err = m.ask(m.want); err != nil {
			return err
		}
		if now > m.peak.Load() {
			m.peak.Store(now)
		}
		if now == m.want {
			break
		}
	}
	if now != held && now == m.want || max(now-held, held-now) >= much {
		m.changes.Add(1)
	}
	return nil
}

// ask tells the child how much to hold and learns how much it does.
func (m *Memory) ask(want int64) (held int64, err error) {
	if _, err := fmt.Fprintln(m.in, want); err != nil {
		return 0, fmt.Errorf("the child is gone: %w", err)
	}
	answer, err := m.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("the child is gone: %w", err)
	}
	if held, err = strconv.ParseInt(strings.TrimSpace(answer), 10, 64); err != nil {
		return 0, fmt.Errorf("the child said %q", strings.TrimSpace(answer))
	}
	return held, nil
}

// Restore ends the child and removes its cgroup.
func (m *Memory) Restore() error {
	var found []error
	if m.cmd != nil {
		m.in.Close()
		if err := m.cmd.Wait(); err != nil {
			found = append(found, fmt.Errorf("the child: %w", err))
		}
		m.cmd = nil
	}
	if m.group != "" {
		// The kernel lets go of the last process a moment after it was waited for.
		deadline := time.Now().Add(5 * time.Second)
		err := os.Remove(m.group)
		for errors.Is(err, unix.EBUSY) && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
			err = os.Remove(m.group)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			found = append(found, err)
		}
		m.group = ""
	}
	return errors.Join(found...)
}

// Count is how often the child grew or shrank.
func (m *Memory) Count() int64 { return m.changes.Load() }

// Note says how much it held at most.
func (m *Memory) Note() string {
	note := fmt.Sprintf("at most %d MiB", m.peak.Load()>>20)
	if m.without != "" {
		note += ", no limit: " + m.without
	}
	return note
}

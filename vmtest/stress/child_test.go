// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	Child()
	os.Exit(m.Run())
}

func TestChildGoesWhereItIsTold(t *testing.T) {
	in, tell := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- memoryChild(in, out) }()
	lines := bufio.NewReader(answers)
	for _, want := range []int64{4 * chunk, chunk, 0} {
		for deadline := time.Now().Add(time.Minute); ; {
			fmt.Fprintln(tell, want)
			text, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if text == fmt.Sprintln(want) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("it holds %s, not %d", text, want)
			}
		}
	}
	tell.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestChildRefusesNonsense(t *testing.T) {
	for _, line := range []string{"much\n", "-1\n", "1 2\n", "99999999999999999999\n"} {
		if err := memoryChild(strings.NewReader(line), io.Discard); err == nil || !strings.Contains(err.Error(), "not a size") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// Memory that somebody else wrote to is not given back silently.
func TestReleaseLooks(t *testing.T) {
	m := make([]byte, 4*os.Getpagesize())
	mark(m, 3)
	m[os.Getpagesize()] ^= 4
	if err := release(m, 3); err == nil || !strings.Contains(err.Error(), "chunk 3") {
		t.Errorf("%v", err)
	}
}

// The real thing, with so little that it hurts nobody: the child is this test.
func TestMemoryChildProcess(t *testing.T) {
	m := &Memory{}
	if err := m.Prepare(); err != nil {
		m.Restore()
		t.Skip("not allowed here: ", err)
	}
	defer m.Restore()
	for range 50 {
		if held, err := m.ask(3 * chunk); err != nil {
			t.Fatal(err)
		} else if held == 3*chunk {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if held, err := m.ask(0); err != nil || held != 3*chunk {
		t.Errorf("%d, %v", held, err)
	}
	m.cmd.Process.Kill()
	m.cmd.Process.Wait()
	if err := m.Step(context.Background(), rand.New(rand.NewPCG(1, 1))); err == nil || !strings.Contains(err.Error(), "the child is gone") {
		t.Errorf("without a child: %v", err)
	}
	if err := m.Restore(); err == nil {
		t.Error("the death of the child was not told")
	}
}

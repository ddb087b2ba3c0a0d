// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"bufio"
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// initWith plays the guest's init, which answers every name so; "" is silence.
func initWith(t *testing.T, answer string) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if line, _ := bufio.NewReader(c).ReadString('\n'); line != "ready\n" {
				t.Errorf("init reads %q", line)
			}
			if answer != "" {
				c.Write([]byte(answer))
				c.Close()
			}
		}
	}()
	return socket
}

func TestBarrier(t *testing.T) {
	for _, c := range []struct{ answer, want string }{
		{"ok\n", ""},
		{"error role server was ended by SIGKILL\n", "barrier ready: role server was ended by SIGKILL"},
		{"nonsense\n", `the answer is "nonsense"`},
		{"ok", "EOF"},
		{strings.Repeat("x", 2*maxAnswer), "longer than"},
	} {
		err := barrier(context.Background(), initWith(t, c.answer), "ready")
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.answer, err, c.want)
		}
	}
}

func TestBarrierEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := barrier(ctx, initWith(t, ""), "ready"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 10*time.Second {
		t.Errorf("error %v after %v", err, time.Since(begin))
	}
}

func TestBarrierRefuses(t *testing.T) {
	if err := barrier(context.Background(), "/nonexistent", "ready"); err == nil || !strings.Contains(err.Error(), "not in a guest of vm_net_test") {
		t.Errorf("error %v", err)
	}
	if err := barrier(context.Background(), "/nonexistent", "two words"); err == nil || !strings.Contains(err.Error(), "is no name") {
		t.Errorf("error %v", err)
	}
}

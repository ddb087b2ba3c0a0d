// SPDX-License-Identifier: Apache-2.0

// Package peers is for programs that run in one of several guests of a test: it tells
// which one, and lets them wait for each other.
package peers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// Role is the name of this guest in the test, or "" in a guest that is alone. The
// names of all roles resolve to their addresses.
func Role() string { return os.Getenv("TIDELOCK_ROLE") }

// Barrier waits until every role of the test has come to the barrier of this name:
// up to 63 letters, digits, '-', '_' and '.'. A barrier is used once; who comes to it
// later does not wait.
//
// The error says why the others will not come: which role has failed, or has ended
// without the barrier. It comes as soon as that is known, so a program needs no time
// limit of its own.
func Barrier(ctx context.Context, name string) error { return barrier(ctx, wire.SyncSocket, name) }

func barrier(ctx context.Context, socket, name string) error {
	if !wire.ValidName(name) {
		return fmt.Errorf("barrier: %q is no name", name)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("barrier %s: not in a guest of vm_net_test: %w", name, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := fmt.Fprintln(conn, name); err != nil {
		return fmt.Errorf("barrier %s: %w", name, errors.Join(ctx.Err(), err))
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return fmt.Errorf("barrier %s: %w", name, errors.Join(ctx.Err(), err))
	}
	switch answer := strings.TrimSuffix(line, "\n"); {
	case answer == "ok":
		return nil
	case strings.HasPrefix(answer, "error "):
		return fmt.Errorf("barrier %s: %s", name, answer[len("error "):])
	default:
		return fmt.Errorf("barrier %s: the answer is %q", name, answer)
	}
}

// SPDX-License-Identifier: Apache-2.0

package net

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/guest/peers"
)

// port is where every server listens.
const port = "7000"

// markers are texts that the test looks for on the wire; the first crosses it.
const plain, never = "MARKER-in-plain-text", "MARKER-that-stays-at-home"

// amount is what each connection carries each way.
const amount = 1 << 20

func TestMain(m *testing.M) {
	if peers.Role() == "" {
		fmt.Println("SKIP: not in a guest of vm_net_test")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// listen answers with what it gets, on every address of the guest, until the test ends.
func listen(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Errorf("accept: %v", err)
				return
			}
			serving.Go(func() {
				defer c.Close()
				if _, err := io.Copy(c, c); err != nil {
					t.Errorf("echo to %v: %v", c.RemoteAddr(), err)
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
}

func meet(t *testing.T, name string) {
	t.Helper()
	if err := peers.Barrier(context.Background(), name); err != nil {
		t.Fatal(err)
	}
}

// talk sends to a peer over one version of IP and compares what comes back.
func talk(t *testing.T, network, peer string) {
	t.Helper()
	d := net.Dialer{Timeout: time.Minute}
	c, err := d.Dial(network, net.JoinHostPort(peer, port))
	if err != nil {
		t.Errorf("%s: %v", network, err)
		return
	}
	defer c.Close()
	r := rand.NewChaCha8([32]byte{1})
	data := make([]byte, amount)
	r.Read(data)
	copy(data[amount/2:], plain)
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(data)
		sent <- errors.Join(err, c.(*net.TCPConn).CloseWrite())
	}()
	got, err := io.ReadAll(c)
	if err := errors.Join(err, <-sent); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%s to %s: %d bytes of %d came back, %v", network, c.RemoteAddr(), len(got), len(data), err)
	}
}

// TestServer is the role in the background: it ends when it is told to.
func TestServer(t *testing.T) {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM)
	defer stop()
	listen(t)
	meet(t, "listening")
	<-ctx.Done()
}

func TestClient(t *testing.T) {
	t.Logf("not for the wire: %s", never)
	meet(t, "listening")
	for _, network := range []string{"tcp4", "tcp6"} {
		begin := time.Now()
		talk(t, network, "server")
		t.Logf("%s: 1 MiB each way in %v", network, time.Since(begin))
	}
}

// TestMesh is for equals: each talks to each, both ways at once.
func TestMesh(t *testing.T) {
	listen(t)
	meet(t, "listening")
	for _, peer := range []string{"alpha", "beta", "gamma"} {
		for _, network := range []string{"tcp4", "tcp6"} {
			talk(t, network, peer)
		}
	}
	meet(t, "done") // others still need this one
}

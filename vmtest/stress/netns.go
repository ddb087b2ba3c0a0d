// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/guest/kernel"
)

// Namespaces makes network namespaces, talks in them and between them, and
// destroys them. It counts namespaces.
type Namespaces struct {
	// Inside is called on a thread that is in a new namespace; nil is nothing.
	Inside func() error

	veth, ipv6 bool
	made       atomic.Int64
}

// Name is "net-namespaces".
func (n *Namespaces) Name() string { return "net-namespaces" }

// Prepare finds out whether there are namespaces, pairs of interfaces and IPv6.
func (n *Namespaces) Prepare() error {
	a, err := newNamespace()
	if err != nil {
		return Unsupported{err.Error()}
	}
	defer a.close()
	switch err := a.do(func() error { return Echo(unix.AF_INET6) }); {
	case err == nil:
		n.ipv6 = true
	case !errors.Is(err, unix.EAFNOSUPPORT) && !errors.Is(err, unix.EADDRNOTAVAIL):
		return err
	}
	b, err := newNamespace()
	if err != nil {
		return err
	}
	defer b.close()
	switch err := connectNamespaces(a, b); {
	case err == nil:
		n.veth = true
	case !errors.Is(err, unix.EOPNOTSUPP): // what rtnetlink says of a kind that it does not know
		return err
	}
	return nil
}

// Step makes two namespaces, a connection in the first, and one from it to the
// second; then it destroys them in one order or the other.
func (n *Namespaces) Step(_ context.Context, rnd *rand.Rand) (err error) {
	a, err := newNamespace()
	if err != nil {
		return err
	}
	b, err := newNamespace()
	if err != nil {
		a.close()
		return err
	}
	n.made.Add(2)
	firstA := rnd.IntN(2) == 0
	defer func() {
		if firstA {
			a.close()
			b.close()
		} else {
			b.close()
			a.close()
		}
	}()
	err = a.do(func() error {
		if err := Echo(unix.AF_INET); err != nil {
			return fmt.Errorf("in a new namespace: %w", err)
		}
		if n.ipv6 {
			if err := Echo(unix.AF_INET6); err != nil {
				return fmt.Errorf("in a new namespace, IPv6: %w", err)
			}
		}
		if n.Inside != nil {
			return n.Inside()
		}
		return nil
	})
	if err == nil && n.veth {
		err = connectNamespaces(a, b)
	}
	return err
}

// connectNamespaces lays a wire between two namespaces and sends something over it.
func connectNamespaces(a, b *thread) error {
	const wire = "wire"
	addrA, addrB := [4]byte{10, 66, 0, 1}, [4]byte{10, 66, 0, 2}
	var peer int
	err := b.do(func() (err error) {
		peer, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return fmt.Errorf("the second namespace: %w", err)
	}
	err = a.do(func() error { return makeVeth(wire, peer) })
	unix.Close(peer)
	if err != nil {
		return err
	}
	for _, end := range []struct {
		t  *thread
		ip [4]byte
	}{{a, addrA}, {b, addrB}} {
		err := end.t.do(func() error {
			if err := address(wire, end.ip); err != nil {
				return err
			}
			return kernel.SwitchOn(wire)
		})
		if err != nil {
			return err
		}
	}
	var listener, client int
	var bound unix.Sockaddr
	err = b.do(func() (err error) {
		listener, bound, err = listen(unix.AF_INET, &unix.SockaddrInet4{Addr: addrB})
		return err
	})
	if err != nil {
		return fmt.Errorf("between two namespaces: %w", err)
	}
	defer unix.Close(listener)
	err = a.do(func() (err error) {
		client, err = connect(unix.AF_INET, bound)
		return err
	})
	if err != nil {
		return fmt.Errorf("between two namespaces: %w", err)
	}
	defer unix.Close(client)
	if err := exchange(listener, client); err != nil {
		return fmt.Errorf("between two namespaces: %w", err)
	}
	return nil
}

// Restore has nothing to do: a namespace ends with its step.
func (n *Namespaces) Restore() error { return nil }

// Count is how many namespaces were made.
func (n *Namespaces) Count() int64 { return n.made.Load() }

// Note says what the kernel lacks for more.
func (n *Namespaces) Note() string {
	switch {
	case !n.veth && !n.ipv6:
		return "without veth, without IPv6"
	case !n.veth:
		return "without veth"
	case !n.ipv6:
		return "without IPv6"
	}
	return ""
}

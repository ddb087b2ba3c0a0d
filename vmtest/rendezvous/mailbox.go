// SPDX-License-Identifier: Apache-2.0

package rendezvous

import (
	"errors"
	"io"
	"sync"
)

// maxMail bounds what waits for a guest that does not read, in bytes.
const maxMail = 1 << 20

// Mailbox is a pipe whose writer never waits.
type Mailbox struct {
	mu     sync.Mutex
	more   sync.Cond
	data   []byte
	closed bool
}

// NewMailbox returns an empty mailbox.
func NewMailbox() *Mailbox {
	b := &Mailbox{}
	b.more.L = &b.mu
	return b
}

// Write adds p, or nothing of it when too much waits or the mailbox is closed.
func (b *Mailbox) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || len(b.data)+len(p) > maxMail {
		return 0, errors.New("the mailbox is closed or full")
	}
	b.data = append(b.data, p...)
	b.more.Signal()
	return len(p), nil
}

// Read waits for data; after Close it returns io.EOF.
func (b *Mailbox) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.data) == 0 && !b.closed {
		b.more.Wait()
	}
	if b.closed {
		return 0, io.EOF
	}
	n := copy(p, b.data)
	b.data = b.data[n:]
	return n, nil
}

// Close ends the reader; what waits is lost.
func (b *Mailbox) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.data = true, nil
	b.more.Broadcast()
}

// SPDX-License-Identifier: Apache-2.0

package ethernet

import "sync"

// maxQueue bounds what waits for one guest, in bytes. A TCP connection's window is a
// tenth of it; a guest that does not read loses frames, as on a real wire.
const maxQueue = 8 << 20

// queue holds framed frames between the switch, which must not wait, and one guest.
type queue struct {
	mu     sync.Mutex
	more   sync.Cond
	frames [][]byte
	size   int
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.more.L = &q.mu
	return q
}

// put appends a framed frame and reports whether there was room.
func (q *queue) put(frame []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	// Short frames cost more than their bytes.
	if cost := len(frame) + 64; q.closed || q.size+cost > maxQueue {
		return false
	}
	q.frames = append(q.frames, frame)
	q.size += len(frame) + 64
	q.more.Signal()
	return true
}

// take returns everything that waits, and false when the queue is closed.
func (q *queue) take() ([][]byte, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.frames) == 0 && !q.closed {
		q.more.Wait()
	}
	if q.closed {
		return nil, false
	}
	frames := q.frames
	q.frames, q.size = nil, 0
	return frames, true
}

// close wakes the taker for the last time and forgets what waits.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.frames, q.size = true, nil, 0
	q.more.Broadcast()
}

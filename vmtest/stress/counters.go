// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Outcome is how a request of the load ended.
type Outcome int

// The outcomes that a load may meet.
const (
	OK       Outcome = iota // answered
	NoMemory                // refused for lack of memory
	Absent                  // the module was not there
)

// Requests counts the requests of one kind.
type Requests struct {
	// OK, NoMemory and Absent are the numbers of each Outcome.
	OK, NoMemory, Absent int64
}

// Counters counts requests by kind. The zero value is ready, and any number of
// goroutines may use it.
type Counters struct {
	mu    sync.Mutex
	kinds map[string]*Requests
}

// Add counts one request.
func (c *Counters) Add(kind string, o Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kinds == nil {
		c.kinds = map[string]*Requests{}
	}
	r := c.kinds[kind]
	if r == nil {
		r = &Requests{}
		c.kinds[kind] = r
	}
	switch o {
	case OK:
		r.OK++
	case NoMemory:
		r.NoMemory++
	case Absent:
		r.Absent++
	}
}

// Take counts the request that ended with err. An error that is neither a lack
// of memory nor tells, in the eyes of absent, that the module was away, comes
// back with the kind before it; absent may be nil.
func (c *Counters) Take(kind string, err error, absent func(error) bool) error {
	switch {
	case err == nil:
		c.Add(kind, OK)
	case IsNoMemory(err):
		c.Add(kind, NoMemory)
	case absent != nil && absent(err):
		c.Add(kind, Absent)
	default:
		return fmt.Errorf("%s: %w", kind, err)
	}
	return nil
}

// IsNoMemory tells the errors that a system call gives when an allocation failed.
// socket and accept call it ENFILE.
func IsNoMemory(err error) bool {
	return errors.Is(err, unix.ENOMEM) || errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.ENFILE)
}

// Kinds is a copy of the numbers.
func (c *Counters) Kinds() map[string]Requests {
	c.mu.Lock()
	defer c.mu.Unlock()
	kinds := make(map[string]Requests, len(c.kinds))
	for name, r := range c.kinds {
		kinds[name] = *r
	}
	return kinds
}

// Total is the sum over all kinds.
func (c *Counters) Total() Requests {
	var sum Requests
	for _, r := range c.Kinds() {
		sum.OK += r.OK
		sum.NoMemory += r.NoMemory
		sum.Absent += r.Absent
	}
	return sum
}

// String is a table, one kind a line.
func (c *Counters) String() string {
	kinds := c.Kinds()
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		r := kinds[name]
		fmt.Fprintf(&b, "  %-16s %8d answered %8d without memory %8d without module\n", name, r.OK, r.NoMemory, r.Absent)
	}
	return b.String()
}

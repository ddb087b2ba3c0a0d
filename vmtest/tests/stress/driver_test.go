// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/tidelock/tidelock/kmod/uapi"
	"github.com/tidelock/tidelock/vmtest/stress"
	"github.com/tidelock/tidelock/vmtest/tidelock"
	"golang.org/x/sys/unix"
)

// driverLoad asks the module everything, all the time, while it is loaded and
// unloaded; and it uses TCP beside it.
type driverLoad struct {
	path string // of the module
	seed uint64
}

// worker is one kind of request, made again and again on a thread of its own.
type worker struct {
	kind string
	// prepare makes the request. Where victim is set, allocations of the request may fail.
	prepare func() (request func() error, done func())
	victim  bool
	count   int
}

// plain is a worker without a state.
func plain(kind string, request func() error) worker {
	return worker{kind: kind, count: 1, prepare: func() (func() error, func()) { return request, func() {} }}
}

func (l *driverLoad) workers() []worker {
	asker := func() (func() error, func()) {
		a := newAsker()
		return a.ask, a.close
	}
	file := func(path string) func() (func() error, func()) {
		return func() (func() error, func()) { return newReader(path).read, func() {} }
	}
	return []worker{
		{kind: "info", prepare: asker, victim: true, count: 2},
		{kind: "health", prepare: file(tidelock.HealthPath), victim: true, count: 1},
		{kind: "connections", prepare: file(tidelock.ConnectionsPath), victim: true, count: 1},
		plain("policy", tidelock.AskPolicy),
		plain("tcp4", func() error { return stress.Echo(unix.AF_INET) }),
		plain("tcp6", func() error { return stress.Echo(unix.AF_INET6) }),
	}
}

// Run makes all requests until the context ends.
func (l *driverLoad) Run(ctx context.Context, count *stress.Counters) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	run := func(work func() error) {
		wg.Go(func() {
			if err := work(); err != nil {
				cancel(err)
			}
		})
	}
	for _, w := range l.workers() {
		for range w.count {
			run(func() error { return w.work(ctx, count) })
		}
	}
	run(func() error { return l.reload(ctx, count) })
	wg.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func (w worker) work(ctx context.Context, count *stress.Counters) error {
	v, err := stress.NewVictim()
	if err != nil {
		return err
	}
	defer v.Close()
	request, done := w.prepare()
	defer done()
	for ctx.Err() == nil {
		if w.victim {
			err = v.Do(request)
		} else {
			err = request()
		}
		absent := err != nil && tidelock.Absent(err)
		if err := count.Take(w.kind, err, tidelock.Absent); err != nil {
			return err
		}
		if absent {
			time.Sleep(5 * time.Millisecond) // or those who wait for the module keep it from coming
		}
	}
	return nil
}

// reload loads the module for a while, again and again. Allocations may fail there too.
func (l *driverLoad) reload(ctx context.Context, count *stress.Counters) error {
	v, err := stress.NewVictim()
	if err != nil {
		return err
	}
	defer v.Close()
	module, err := os.Open(l.path)
	if err != nil {
		return err
	}
	defer module.Close()
	rnd := rand.New(rand.NewPCG(l.seed, 1<<32))
	pause := func(least, most int) {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(least+rnd.IntN(most-least)) * time.Millisecond):
		}
	}
	for ctx.Err() == nil {
		err := v.Do(func() error { return tidelock.InsertFile(module) })
		loaded := err == nil
		if err := count.Take("insmod", err, nil); err != nil {
			return err
		}
		if !loaded {
			if err := tidelock.CheckGone(); err != nil {
				return fmt.Errorf("after a failed insmod: %w", err)
			}
			continue
		}
		pause(500, 2000)
		if err := count.Take("rmmod", v.Do(tidelock.Remove), nil); err != nil {
			return err
		}
		if err := tidelock.CheckGone(); err != nil {
			return err
		}
		pause(0, 100)
	}
	return nil
}

// Check loads the module, asks it once, and unloads it.
func (l *driverLoad) Check() error {
	if err := tidelock.Insert(l.path); err != nil {
		return err
	}
	c, err := uapi.Dial()
	if err == nil {
		var info *uapi.Info
		if info, err = c.Info(); err == nil && info.Health != "ok" {
			err = fmt.Errorf("health is %q", info.Health)
		}
		c.Close()
	}
	return errors.Join(err, tidelock.Remove(), tidelock.CheckGone())
}

// inside asks from another network namespace.
func (l *driverLoad) inside() error {
	if err := tidelock.AskInfo(); err != nil && !tidelock.Absent(err) && !stress.IsNoMemory(err) {
		return fmt.Errorf("in a new namespace: %w", err)
	}
	return nil
}

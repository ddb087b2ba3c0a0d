// SPDX-License-Identifier: Apache-2.0

// Package stress disturbs a machine while a load runs on it: memory is short,
// CPUs go and come, network namespaces are made and destroyed, and allocations
// of the module under test fail. It runs in a guest, as root.
//
// What a disturbance does, and in which order, follows from a seed that is
// printed, so that a failure can be repeated. A disturbance that never happened
// fails the run, and one that the kernel cannot do is named with the reason.
package stress

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"
)

// Defaults of a Frame.
const (
	defaultProgress = 5 * time.Second
	defaultGrace    = 2 * time.Minute
	lanes           = 2
)

// Load is what runs while the machine is disturbed.
type Load interface {
	// Run makes requests until the context ends, and counts them. It returns nil
	// then, and earlier only with an error that nothing excuses.
	Run(ctx context.Context, count *Counters) error
	// Check makes a clean request, without disturbances and without Run: before
	// the run and after it.
	Check() error
}

// Disturbance is one way to make life hard. Step is never called twice at a time.
type Disturbance interface {
	// Name is one word for the report.
	Name() string
	// Prepare finds out what the kernel can do; the error is an Unsupported where
	// it cannot do this.
	Prepare() error
	// Step disturbs once, for a second or so. What it chooses, it takes from rnd.
	Step(ctx context.Context, rnd *rand.Rand) error
	// Restore puts the machine back as Prepare found it, whatever happened since.
	Restore() error
	// Count is how often the disturbance really happened, which may differ from
	// how often Step was called.
	Count() int64
	// Note says for the report what else is to be known; it may be empty.
	Note() string
}

// Unsupported says why a kernel cannot do a disturbance.
type Unsupported struct{ Reason string }

// Error is the reason.
func (u Unsupported) Error() string { return u.Reason }

// Frame is one run.
type Frame struct {
	// Duration is how long the load is disturbed. A machine too slow for each
	// disturbance to happen once gets more time: Grace.
	Duration time.Duration
	// Grace is how much longer it may take at most; 0 is two minutes.
	Grace time.Duration
	// Seed decides what happens in which order.
	Seed uint64
	// Load is what runs meanwhile.
	Load Load
	// Disturbances are all that are wanted.
	Disturbances []Disturbance
	// Optional names those that the kernel need not be able to do.
	Optional []string
	// Progress is the time between two lines of progress; 0 is five seconds.
	Progress time.Duration
	// KernelLog is read at the end, for checkers of the kernel that gave up; nil
	// where nobody asks. In a guest it is the function of that name.
	KernelLog func() ([]byte, error)
	// Log takes the lines; nil is standard error.
	Log func(line string)
}

func (f *Frame) logf(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if f.Log != nil {
		f.Log(line)
		return
	}
	fmt.Fprintln(os.Stderr, line)
}

// Run does everything: it prepares the disturbances, runs the load under them,
// puts the machine back, and checks the load again. The result is there even
// with an error; the error has everything that went wrong.
func (f *Frame) Run(ctx context.Context) (*Result, error) {
	if f.Load == nil || f.Duration <= 0 {
		return nil, errors.New("stress: a load and a duration above 0 are needed")
	}
	r := &Result{Seed: f.Seed, Requests: &Counters{}}
	f.logf("stress: seed %d, %v", f.Seed, f.Duration)
	active, err := f.prepare(r)
	if err == nil {
		if err = f.Load.Check(); err != nil {
			err = fmt.Errorf("before the run: %w", err)
		}
	}
	if err == nil {
		err = f.disturb(ctx, active, r)
	}
	err = errors.Join(err, restore(active))
	if cerr := f.Load.Check(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("after the run: %w", cerr))
	}
	r.finish()
	if err == nil {
		err = r.check()
	}
	if err == nil && f.KernelLog != nil {
		var log []byte
		if log, err = f.KernelLog(); err == nil {
			err = checkersOn(log)
		}
	}
	for line := range strings.Lines(r.String()) {
		f.logf("%s", strings.TrimRight(line, "\n"))
	}
	if err != nil {
		err = fmt.Errorf("seed %d: %w", f.Seed, err)
	}
	return r, err
}

// prepare returns the disturbances that the kernel can do. What failed half-way
// is among them, so that it is restored.
func (f *Frame) prepare(r *Result) (active []Disturbance, err error) {
	var found []error
	for _, d := range f.Disturbances {
		name := d.Name()
		var cannot Unsupported
		switch err := d.Prepare(); {
		case err == nil:
			active = append(active, d)
			r.Disturbances = append(r.Disturbances, &Tally{Name: name, source: d})
		case !errors.As(err, &cannot):
			active = append(active, d)
			found = append(found, fmt.Errorf("%s: %w", name, err))
		case contains(f.Optional, name):
			f.logf("stress: %s is left out: %s", name, cannot.Reason)
			r.Disturbances = append(r.Disturbances, &Tally{Name: name, Skipped: cannot.Reason})
		default:
			found = append(found, fmt.Errorf("%s: the kernel cannot do it, and nobody called it optional: %w", name, err))
		}
	}
	return active, errors.Join(found...)
}

func contains(list []string, name string) bool {
	for _, s := range list {
		if s == name {
			return true
		}
	}
	return false
}

// disturb runs the load and the disturbances side by side.
func (f *Frame) disturb(ctx context.Context, active []Disturbance, r *Result) error {
	grace := f.Grace
	if grace == 0 {
		grace = defaultGrace
	}
	ctx, cancel := context.WithTimeout(ctx, f.Duration+grace)
	defer cancel()
	var mu sync.Mutex
	var found []error
	fail := func(err error) {
		if err != nil {
			mu.Lock()
			found = append(found, err)
			mu.Unlock()
			cancel()
		}
	}
	begin := time.Now()
	// Enough is when the time is up and everything has happened once.
	enough := func() bool {
		if time.Since(begin) < f.Duration {
			return false
		}
		for _, d := range active {
			if d.Count() == 0 {
				return false
			}
		}
		return true
	}

	var loaded, disturbed sync.WaitGroup
	loaded.Go(func() {
		if err := f.Load.Run(ctx, r.Requests); err != nil {
			fail(fmt.Errorf("load: %w", err))
		} else if ctx.Err() == nil {
			fail(errors.New("load: it ended before it was told to"))
		}
	})
	// A step that waits for something is cut short when nobody needs it any more.
	steps, stopSteps := context.WithCancel(ctx)
	defer stopSteps()
	go func() {
		for steps.Err() == nil {
			if enough() {
				stopSteps()
			}
			sleep(steps, 100*time.Millisecond)
		}
	}()
	busy := make([]sync.Mutex, len(active))
	for lane := range min(lanes, len(active)) {
		disturbed.Go(func() {
			s := newSchedule(f.Seed, lane, len(active))
			for steps.Err() == nil {
				step := s.next()
				d := active[step.index]
				busy[step.index].Lock()
				err := d.Step(steps, step.rnd())
				busy[step.index].Unlock()
				if err != nil && ctx.Err() == nil {
					fail(fmt.Errorf("%s: %w", d.Name(), err))
				}
			}
		})
	}
	if len(active) == 0 {
		disturbed.Go(func() {
			select {
			case <-steps.Done():
			case <-time.After(f.Duration):
			}
		})
	}
	stop := f.progress(begin, r)
	disturbed.Wait()
	// The load goes on for as long as the machine is put back.
	fail(restore(active))
	cancel()
	loaded.Wait()
	stop()
	r.Took = time.Since(begin)
	mu.Lock()
	defer mu.Unlock()
	return errors.Join(found...)
}

// progress writes a line now and then until the returned function is called.
func (f *Frame) progress(begin time.Time, r *Result) (stop func()) {
	every := f.Progress
	if every == 0 {
		every = defaultProgress
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				f.logf("stress: %3.0f s  %s", time.Since(begin).Seconds(), r.Line())
			}
		}
	}()
	return func() { close(done); <-ended }
}

// restore puts everything back, the last first, and goes on after a failure.
func restore(active []Disturbance) error {
	var found []error
	for i := len(active) - 1; i >= 0; i-- {
		if err := active[i].Restore(); err != nil {
			found = append(found, fmt.Errorf("%s: the machine is not as it was: %w", active[i].Name(), err))
		}
	}
	return errors.Join(found...)
}

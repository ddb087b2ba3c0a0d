// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// recorder is a disturbance that writes down what is called.
type recorder struct {
	name           string
	log            *[]string
	mu             *sync.Mutex
	prepare, step  error
	restore        error
	idle           bool
	steps, running atomic.Int64
	doubled        atomic.Bool
}

func (d *recorder) note(what string) {
	d.mu.Lock()
	*d.log = append(*d.log, what+" "+d.name)
	d.mu.Unlock()
}

func (d *recorder) Name() string   { return d.name }
func (d *recorder) Prepare() error { d.note("prepare"); return d.prepare }
func (d *recorder) Restore() error { d.note("restore"); return d.restore }
func (d *recorder) Note() string   { return "" }
func (d *recorder) Count() int64   { return d.steps.Load() }
func (d *recorder) Step(context.Context, *rand.Rand) error {
	if d.running.Add(1) > 1 {
		d.doubled.Store(true)
	}
	time.Sleep(time.Millisecond)
	d.running.Add(-1)
	if !d.idle {
		d.steps.Add(1)
	}
	return d.step
}

// simple is a load of functions.
type simple struct {
	run   func(context.Context, *Counters) error
	check func() error
}

func (l simple) Run(ctx context.Context, c *Counters) error { return l.run(ctx, c) }
func (l simple) Check() error                               { return l.check() }

func busy(ctx context.Context, c *Counters) error {
	for ctx.Err() == nil {
		c.Add("request", OK)
		time.Sleep(time.Millisecond)
	}
	return nil
}

func fine() error { return nil }

func frame(log *[]string, names ...string) (*Frame, []*recorder) {
	f := &Frame{Duration: 50 * time.Millisecond, Grace: 200 * time.Millisecond, Seed: 1, Load: simple{busy, fine}, Log: func(string) {}}
	var mu sync.Mutex
	var ds []*recorder
	for _, name := range names {
		d := &recorder{name: name, log: log, mu: &mu}
		ds = append(ds, d)
		f.Disturbances = append(f.Disturbances, d)
	}
	return f, ds
}

func TestFrameRuns(t *testing.T) {
	var log, lines []string
	f, ds := frame(&log, "a", "b", "c")
	f.Progress = 5 * time.Millisecond
	f.Log = func(line string) { lines = append(lines, line) }
	r, err := f.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	// The last that was prepared is restored first.
	if got := strings.Join(log[:6], ", "); got != "prepare a, prepare b, prepare c, restore c, restore b, restore a" {
		t.Error(got)
	}
	for _, d := range ds {
		if r.Count(d.name) == 0 || d.doubled.Load() {
			t.Errorf("%s: %d times, two at a time: %v", d.name, r.Count(d.name), d.doubled.Load())
		}
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{"stress: seed 1, 50ms", "stress:   0 s  a ", "requests", "  request "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestFrameFails(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name  string
		spoil func(*Frame, []*recorder)
		want  string
	}{
		{"step", func(_ *Frame, ds []*recorder) { ds[0].step = broken }, "a: broken"},
		{"restore", func(_ *Frame, ds []*recorder) { ds[1].restore = broken }, "b: the machine is not as it was: broken"},
		{"prepare", func(_ *Frame, ds []*recorder) { ds[1].prepare = broken }, "b: broken"},
		{"unsupported", func(_ *Frame, ds []*recorder) { ds[0].prepare = Unsupported{"no such file"} }, "a: the kernel cannot do it, and nobody called it optional: no such file"},
		{"never", func(_ *Frame, ds []*recorder) { ds[1].idle = true }, "b never happened"},
		{"load", func(f *Frame, _ []*recorder) {
			f.Load = simple{func(context.Context, *Counters) error { return broken }, fine}
		}, "load: broken"},
		{"load ends", func(f *Frame, _ []*recorder) {
			f.Load = simple{func(context.Context, *Counters) error { return nil }, fine}
		}, "it ended before it was told to"},
		{"load idle", func(f *Frame, _ []*recorder) {
			f.Load = simple{func(ctx context.Context, _ *Counters) error { <-ctx.Done(); return nil }, fine}
		}, "it made no request"},
		{"load unanswered", func(f *Frame, _ []*recorder) {
			f.Load = simple{func(ctx context.Context, c *Counters) error { c.Add("x", NoMemory); return busy(ctx, c) }, fine}
		}, `not one request "x" was answered (1 without memory, 0 without module)`},
		{"check", func(f *Frame, _ []*recorder) { f.Load = simple{busy, func() error { return broken }} }, "before the run: broken"},
		{"check after", func(f *Frame, _ []*recorder) {
			n := 0
			f.Load = simple{busy, func() error {
				if n++; n > 1 {
					return broken
				}
				return nil
			}}
		}, "after the run: broken"},
		{"checker", func(f *Frame, _ []*recorder) {
			f.KernelLog = func() ([]byte, error) { return []byte("ODEBUG: Out of memory. ODEBUG disabled"), nil }
		}, "a checker of the kernel stopped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log []string
			f, ds := frame(&log, "a", "b")
			c.spoil(f, ds)
			_, err := f.Run(context.Background())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "seed 1: ") {
				t.Errorf("%v; want %q", err, c.want)
			}
			// Whatever was prepared is put back, and what the kernel cannot do is not.
			for _, d := range ds {
				restored := strings.Contains(strings.Join(log, ","), "restore "+d.name)
				if _, cannot := d.prepare.(Unsupported); restored == cannot {
					t.Errorf("%s: restored %v in %v", d.name, restored, log)
				}
			}
		})
	}
}

func TestOptionalIsNamed(t *testing.T) {
	var log []string
	f, ds := frame(&log, "a", "b")
	ds[1].prepare = Unsupported{"no such file"}
	f.Optional = []string{"b"}
	r, err := f.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if r.Skipped("b") != "no such file" || !strings.Contains(r.String(), "skipped: no such file") || ds[1].Count() != 0 {
		t.Errorf("%q, %d\n%s", r.Skipped("b"), ds[1].Count(), r)
	}
}

// slow is a disturbance whose steps last until they are told to end.
type slow struct{ *recorder }

func (d slow) Step(ctx context.Context, rnd *rand.Rand) error {
	d.recorder.Step(ctx, rnd)
	<-ctx.Done()
	return nil
}

func TestLongStepIsCutShort(t *testing.T) {
	var log []string
	f, ds := frame(&log, "a")
	f.Disturbances = []Disturbance{slow{ds[0]}}
	f.Grace = time.Minute
	r, err := f.Run(context.Background())
	if err != nil || r.Took > 30*time.Second {
		t.Errorf("%v, %v", r.Took, err)
	}
}

func TestFrameNeedsLoad(t *testing.T) {
	for _, f := range []*Frame{{Duration: time.Second}, {Load: simple{busy, fine}}} {
		if _, err := f.Run(context.Background()); err == nil {
			t.Errorf("%+v ran", f)
		}
	}
}

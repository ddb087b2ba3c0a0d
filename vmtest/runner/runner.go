// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidelock/tidelock/vmtest/qemu"
	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/splat"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// Result is everything that is known after a test; it is written as JSON.
type Result struct {
	Schema int    `json:"schema"`
	Name   string `json:"name"`
	Kernel string `json:"kernel"`
	Arch   string `json:"arch"`
	// Release is what uname -r said in the guest.
	Release string `json:"release"`
	// Accel is what the guest ran on, and Why says why not on KVM.
	Accel string `json:"accel"`
	Why   string `json:"why,omitempty"`
	verdict.Verdict
	// Expected is the verdict that the test asks for, if that is not PASS.
	Expected string `json:"expected,omitempty"`
	// OK is true when the test has succeeded.
	OK       bool           `json:"ok"`
	Reports  []splat.Report `json:"reports,omitempty"`
	Ignored  []string       `json:"ignored,omitempty"`
	Taint    string         `json:"taint"`
	Kmemleak bool           `json:"kmemleak_scanned"`
	Programs []Program      `json:"programs"`
	Times    Times          `json:"times"`
	// Command repeats the guest by hand.
	Command      string `json:"command"`
	ConsoleBytes int64  `json:"console_bytes"`
	// Notes says what the harness could not do and what does not change the verdict.
	Notes []string `json:"notes,omitempty"`
	// tail and dmesg go to files of their own; skipped says why nothing ran. shown
	// says what tail is, where it is not the console's. console names the file with
	// all of the console, if there is one.
	tail, dmesg, skipped, shown, console string
	coverage                             measured
}

// Program is the result of one program.
type Program struct {
	Name    string         `json:"name"`
	Exit    int            `json:"exit"`
	Signal  string         `json:"signal,omitempty"`
	Error   string         `json:"error,omitempty"`
	Problem string         `json:"problem,omitempty"`
	Seconds float64        `json:"seconds"`
	Cases   []results.Case `json:"cases,omitempty"`
	output  string
}

// Times says where the time went, in seconds.
type Times struct {
	// Boot is from the start of QEMU to the start event.
	Boot float64 `json:"boot"`
	// Programs is what the programs took.
	Programs float64 `json:"programs"`
	// Total is from the start of QEMU to its end.
	Total float64 `json:"total"`
	// Overhead is Total without Programs.
	Overhead float64 `json:"overhead"`
}

// margin is kept of Bazel's own time limit for writing the report.
const margin = 10 * time.Second

// Env is what a test gets from its surroundings.
type Env struct {
	// Out is the folder for console, dmesg and result; empty means none.
	Out string
	// CacheDir keeps what is known of this machine; empty means none.
	CacheDir string
	// Limit is the surroundings' own time limit; 0 means none.
	Limit time.Duration
	// Show gets what the guest's programs print, as it comes.
	Show io.Writer
	// link ties the machine to others; nil for one that is alone.
	link *link
}

// Run runs the test. It always returns a result: whatever goes wrong is a verdict.
func Run(ctx context.Context, c *Config, env Env) *Result {
	r := &Result{Schema: 1, Name: c.Name, Kernel: c.Kernel, Arch: c.Arch, Accel: qemu.TCG}
	seen := &verdict.Seen{}
	if c.Firmware != nil {
		var remove func()
		if c, remove, seen.QEMUErr = c.withOwnVars(); seen.QEMUErr == nil {
			defer remove()
		}
	}
	m := c.machine()
	if c.Accel != qemu.TCG {
		works, why := qemu.KVMWorks(ctx, m, env.CacheDir)
		if works {
			m.Accel = qemu.KVM
		} else if r.Why = why; c.Accel == qemu.KVM {
			seen.QEMUErr = fmt.Errorf("accel is kvm, and KVM does not work here: %s", why)
		}
	}
	env.link.plug(m)
	r.Accel, r.Command = m.Accel, m.Command()
	if seen.QEMUErr == nil {
		r.guest(ctx, c, env, m, seen)
	}
	r.Verdict, r.Ignored = verdict.Judge(c.Expect, seen)
	if r.Class == verdict.Pass && c.Release != "" && r.Release != c.Release {
		r.Verdict = verdict.Verdict{Class: verdict.Infra, Title: "another kernel than the one to test",
			Detail: fmt.Sprintf("uname -r says %q, the test is for %q", r.Release, c.Release)}
	}
	if len(c.Coverage) > 0 {
		r.measure(ctx, c.Coverage)
	}
	r.OK = r.Class == verdict.Pass
	if c.ExpectClass != "" {
		re, _ := wholeMatch(c.ExpectTitle) // checked by Load
		r.Expected = string(c.ExpectClass) + ": " + c.ExpectTitle
		r.OK = r.Class == c.ExpectClass && (c.ExpectTitle == "" || re.MatchString(r.Title))
	}
	r.symbolize(c, env)
	return r
}

// withOwnVars is the same test with a copy of the firmware's variables, for the
// guest to write to.
func (c *Config) withOwnVars() (*Config, func(), error) {
	data, err := os.ReadFile(c.Firmware.Vars)
	if err != nil {
		return c, nil, err
	}
	f, err := os.CreateTemp(os.Getenv("TEST_TMPDIR"), "vars-*.fd")
	if err != nil {
		return c, nil, err
	}
	remove := func() { os.Remove(f.Name()) }
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		remove()
		return c, nil, err
	}
	own := *c
	own.Firmware = &Firmware{Code: c.Firmware.Code, Vars: f.Name()}
	return &own, remove, nil
}

// machine is the machine of the test, on the accelerator that works everywhere.
func (c *Config) machine() *qemu.Machine {
	m := &qemu.Machine{
		Arch: c.Arch, Root: c.QEMURoot, Accel: qemu.TCG,
		Kernel: c.Image, Initrd: c.Initrd, Append: c.Append, MemoryMiB: c.MemoryMiB, CPUs: c.CPUs,
	}
	if f := c.Firmware; f != nil {
		m.Firmware = &qemu.Firmware{Code: f.Code, Vars: f.Vars}
	}
	return m
}

// guest runs the machine and fills in what was seen.
func (r *Result) guest(ctx context.Context, c *Config, env Env, m *qemu.Machine, seen *verdict.Seen) {
	limit := time.Duration(c.TimeoutSeconds) * time.Second
	if env.Limit > 0 {
		limit = min(limit, max(env.Limit-margin, env.Limit/2))
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var stopped atomic.Value
	stop := func(why string) func() {
		return func() { stopped.Store(why); cancel() }
	}
	con := &console{flood: stop(fmt.Sprintf("console flood: more than %d MiB", maxConsole>>20))}
	conFile := newKept(env, consoleLog)
	evFile := newKept(env, eventsLog)
	con.file = conFile
	r.console = conFile.name()
	ev := newEvents(evFile, env.Show, stop(fmt.Sprintf("output flood: more than %d MiB", maxOutput>>20)))
	env.link.watch(ev, func(why string) { stop(why)() })
	begin := time.Now()
	first := &firstByte{events: ev, begin: begin}
	seen.QEMU, seen.QEMUErr = m.Run(ctx, con, first)
	r.Times.Total = time.Since(begin).Seconds()
	for _, f := range []*kept{conFile, evFile} {
		if err := f.close(); err != nil {
			r.Notes = append(r.Notes, err.Error())
		}
	}
	if s, ok := stopped.Load().(string); ok {
		seen.Stopped = s
	} else if seen.QEMU.Killed {
		seen.Interrupted = outer.Err() != nil
		seen.TimedOut = !seen.Interrupted
	}
	ev.mu.Lock()
	defer ev.mu.Unlock()
	if seen.QEMUErr == nil && !seen.QEMU.Killed {
		ev.end()
	}
	seen.ChannelErr = cmp.Or(ev.err, ev.badCover)
	r.coverage.files = ev.coverage.Files
	seen.Started, seen.Done, seen.LastEvent = ev.started != nil, ev.done, ev.last
	seen.Kmemleak = ev.kmemleak.String()
	seen.Reports = con.scan.Reports()
	seen.LastLine = con.LastLine()
	r.Reports, r.ConsoleBytes, r.tail, r.dmesg = seen.Reports, con.size, con.Tail(), ev.dmesg.String()
	r.Release, r.Times.Boot = ev.release, first.boot
	if ev.done != nil {
		r.Taint, r.Kmemleak = verdict.TaintString(ev.done.Taint), ev.done.Scanned
	}
	for _, p := range c.Programs {
		v := verdict.Program{Name: p.Name, Format: p.Format}
		out := []byte{}
		if b := ev.outputs[p.Name]; b != nil {
			out = b.Bytes()
		}
		v.Report = results.Parse(p.Format, out)
		q := Program{Name: p.Name, Cases: v.Report.Cases, Problem: v.Report.Problem, output: printable(out)}
		if x, ok := ev.exits[p.Name]; ok {
			if x.Stopped && x.Signal == "SIGTERM" {
				x.Exit, x.Signal = 0, "" // it was asked to end, and did
			}
			v.Ended, v.Exit, v.Signal, v.Error = true, x.Exit, x.Signal, x.Error
			q.Exit, q.Signal, q.Error = x.Exit, x.Signal, x.Error
			q.Seconds = x.Uptime - ev.begins[p.Name]
			r.Times.Programs += q.Seconds
		}
		seen.Programs = append(seen.Programs, v)
		r.Programs = append(r.Programs, q)
	}
	seen.Excuse(c.KnownFailures) // changes the cases of both lists
	r.Times.Overhead = r.Times.Total - r.Times.Programs
}

// firstByte notes when the first event came.
type firstByte struct {
	*events
	begin time.Time
	boot  float64
}

func (f *firstByte) Write(p []byte) (int, error) {
	if f.boot == 0 {
		f.boot = time.Since(f.begin).Seconds()
	}
	return f.events.Write(p)
}

// Summary is the test in one line.
func (r *Result) Summary() string {
	n, known := 0, 0
	for _, p := range r.Programs {
		n += max(1, len(p.Cases))
		known += results.Count(p.Cases, results.Known)
	}
	count := fmt.Sprintf("%d results", n)
	if known > 0 {
		count += fmt.Sprintf(", %d of them known failures", known)
	}
	return fmt.Sprintf("%s  %s on %s (%s): %s, boot %.1f s, programs %.1f s, in all %.1f s",
		r.Verdict, r.Name, r.Kernel, r.Accel, count, r.Times.Boot, r.Times.Programs, r.Times.Total)
}

// Explain writes what a person needs who sees the test fail.
func (r *Result) Explain(w io.Writer) {
	rule := strings.Repeat("-", 72)
	if r.Detail != "" {
		fmt.Fprintf(w, "%s\n", printable([]byte(strings.TrimRight(r.Detail, "\n"))))
	}
	if r.Expected != "" {
		fmt.Fprintf(w, "expected verdict: %s\n", r.Expected)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", printable([]byte(note)))
	}
	shown := r.shown
	if shown == "" {
		shown = fmt.Sprintf("tail of the console (%d bytes in all", r.ConsoleBytes)
		if r.console != "" {
			shown += ", " + r.console + " has them"
		}
		shown += ")"
	}
	fmt.Fprintf(w, "%s\n%s\n%s\n%s\n%s\n", rule, shown, rule, strings.TrimRight(r.tail, "\n"), rule)
	fmt.Fprintf(w, "a shell on this kernel:\n%s\n", r.ShellCommand())
	fmt.Fprintf(w, "QEMU by hand (needs the files of the test, kept with --sandbox_debug or by `bazel run`):\n%s\n", r.Command)
}

// ShellCommand starts a shell in a guest with the same kernel.
func (r *Result) ShellCommand() string {
	return fmt.Sprintf("tools/bazel run //vmtest:shell -- --kernel=%s --arch=%s", qemu.Quote(r.Kernel), r.Arch)
}

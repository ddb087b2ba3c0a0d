// SPDX-License-Identifier: Apache-2.0

// Package guest is PID 1 of a VM test. It mounts what programs expect, loads
// modules of the kernel, runs the programs of its configuration, tells the
// build machine about each step on a serial port of its own, and powers off.
//
// It never decides whether a test has passed. It reports what happened and ends
// with a done event; the judge sits on the build machine (package verdict).
package guest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tidelock/tidelock/vmtest/guest/kernel"
	"github.com/tidelock/tidelock/vmtest/wire"
	"golang.org/x/sys/unix"
)

// Parameters that the runner puts on the kernel's command line.
const (
	paramPort = "vmtest.events" // name of the serial port for the events
	paramOff  = "vmtest.off"    // how the machine ends: poweroff or restart
)

// Main is the whole life of the guest. It does not return.
func Main() {
	off := "poweroff"
	if err := live(&off); err != nil {
		// No event port, or it broke: the console is all that is left.
		fmt.Fprintf(os.Stderr, "vmtest init: %v\n", err)
	}
	shutdown(off)
}

// live runs everything; its error means that the event channel is unusable.
func live(off *string) error {
	if err := mountAll(); err != nil {
		return err
	}
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return err
	}
	params := parseCmdline(string(line))
	if params[paramOff] != "" {
		*off = params[paramOff]
	}
	name := params[paramPort]
	if name == "" {
		return fmt.Errorf("the kernel's command line has no %s=PORT: this system is only started by the vmtest runner", paramPort)
	}
	p, err := openPort(name)
	if err != nil {
		return err
	}
	enc := wire.NewEncoder(p)
	send := func(ev wire.Event) error {
		ev.Uptime = uptime()
		return enc.Send(ev)
	}
	done, err := work(send, p, params)
	if err != nil {
		return err
	}
	if err := send(done); err != nil {
		return err
	}
	return p.Drain()
}

// work does what the configuration says and returns the done event; its error means
// that the event channel is unusable.
func work(send func(wire.Event) error, p *port, params map[string]string) (wire.Event, error) {
	end := &ending{wire.Event{Type: wire.TypeDone}}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return end.Event, err
	}
	start := wire.Event{Type: wire.TypeStart, Release: unix.ByteSliceToString(u.Release[:]), Machine: unix.ByteSliceToString(u.Machine[:])}
	if err := send(start); err != nil {
		return end.Event, err
	}
	cfg, ours, err := prepare(params)
	if err != nil {
		end.fail(err)
		return end.Event, nil
	}
	mods := wire.Event{Type: wire.TypeModules}
	if err := loadAll(cfg, ours); err != nil {
		end.fail(err)
		mods.Error = err.Error()
	}
	if err := send(mods); err != nil {
		return end.Event, err
	}
	r := &runner{send: send, killRest: func() { unix.Kill(-1, unix.SIGKILL) }, terminal: openTerminal}
	if cfg.Network != nil && end.Error == "" {
		if r.peers, err = meet(cfg, send, p); err != nil {
			end.fail(err)
		}
	}
	if end.Error == "" {
		if err := r.runAll(cfg, params, end); err != nil {
			return end.Event, err
		}
	}
	if err := finish(send, end, !cfg.SkipKmemleak); err != nil || !cfg.Coverage {
		return end.Event, err
	}
	err = sendCoverage(send, end, gcovDir)
	return end.Event, err
}

// prepare reads the configuration and does what programs expect of the machine. It
// also returns the modules of ours that a person's command needs.
func prepare(params map[string]string) (*wire.Config, []string, error) {
	cfg, err := readConfig()
	if err != nil {
		return nil, nil, err
	}
	ours, err := forPerson(cfg, params)
	if err != nil {
		return nil, nil, err
	}
	if cfg.Hostname != "" {
		if err := unix.Sethostname([]byte(cfg.Hostname)); err != nil {
			return nil, nil, fmt.Errorf("set host name: %v", err)
		}
	}
	// This gives the guest 127.0.0.1 and ::1.
	return cfg, ours, kernel.SwitchOn("lo")
}

// loadAll loads the kernel's own modules, and then ours; the first failure ends it.
func loadAll(cfg *wire.Config, ours []string) error {
	for _, name := range cfg.Load {
		if err := load(cfg.Modules, name); err != nil {
			return err
		}
	}
	for _, file := range ours {
		if err := kernel.Insert(file); err != nil {
			return err
		}
	}
	return nil
}

// runAll runs every program, and then the person's shell.
func (r *runner) runAll(cfg *wire.Config, params map[string]string, end *ending) error {
	for _, p := range cfg.Programs {
		status, err := r.run(p, cfg.Env)
		if err != nil {
			return err
		}
		end.status(status)
	}
	if cfg.Shell == nil {
		return nil
	}
	status, err := r.shell(cfg, params, end)
	if err != nil {
		return err
	}
	end.status(status)
	return nil
}

// finish collects what the kernel has to say after the programs are gone.
func finish(send func(wire.Event) error, end *ending, scan bool) error {
	if scan {
		if err := sendLeaks(send, end); err != nil {
			return err
		}
	}
	log, err := kernel.Log()
	if err != nil {
		end.fail(err)
	}
	if err := sendPieces(send, wire.TypeDmesg, log); err != nil {
		return err
	}
	const file = "/proc/sys/kernel/tainted"
	text, err := os.ReadFile(file)
	if err == nil {
		end.Taint, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	}
	if err != nil {
		end.fail(fmt.Errorf("%s: %v", file, err))
	}
	return nil
}

func sendPieces(send func(wire.Event) error, typ string, data []byte) error {
	for len(data) > 0 {
		n := min(len(data), maxPiece)
		ev := wire.Event{Type: typ}
		ev.SetData(data[:n])
		data = data[n:]
		if err := send(ev); err != nil {
			return err
		}
	}
	return nil
}

func readConfig() (*wire.Config, error) {
	f, err := os.Open(wire.ConfigPath)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cfg, err := wire.ReadConfig(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %v", wire.ConfigPath, err)
	}
	return cfg, nil
}

// parseCmdline splits the kernel's command line into its parameters; the last
// one of a name wins, as in the kernel.
func parseCmdline(line string) map[string]string {
	params := map[string]string{}
	for _, word := range strings.Fields(line) {
		k, v, _ := strings.Cut(word, "=")
		params[k] = v
	}
	return params
}

func uptime() float64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0
	}
	return float64(ts.Nano()/1e6) / 1e3
}

// shutdown ends the machine. QEMU runs with -no-reboot, so a restart ends it too;
// machines without ACPI know no other end.
func shutdown(how string) {
	unix.Sync()
	cmd := unix.LINUX_REBOOT_CMD_POWER_OFF
	if how == "restart" {
		cmd = unix.LINUX_REBOOT_CMD_RESTART
	}
	err := unix.Reboot(cmd)
	fmt.Fprintf(os.Stderr, "vmtest init: %s: %v\n", how, err)
	for { // PID 1 must not end; the runner's time limit ends the machine
		time.Sleep(time.Hour)
	}
}

// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/guest/kernel"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// home is where a person's commands run.
const home = "/root"

// quietLevel keeps the kernel's chatter off the person's console: only what is an
// error or worse appears there. dmesg has all of it.
const quietLevel = 4

// forPerson changes a configuration with a shell to what the person asked for on
// the build machine: a command instead of the dialogue, or no modules. The command
// needs the modules that are returned; the dialogue can do without.
func forPerson(cfg *wire.Config, params map[string]string) ([]string, error) {
	s := cfg.Shell
	if s == nil {
		return nil, nil
	}
	if params[wire.ParamModule] == "no" {
		cfg.Load, s.Modules = nil, nil
	}
	text, ok := params[wire.ParamExec]
	if !ok {
		return nil, nil
	}
	command, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s on the kernel's command line: %v", wire.ParamExec, err)
	}
	cfg.Shell = nil
	cfg.Programs = append(cfg.Programs, wire.Program{
		Name: "exec", Path: s.Path, Args: []string{"-c", string(command)}, Dir: home, Format: wire.FormatExit,
	})
	return s.Modules, nil
}

// shell runs the person's shell on the console and returns its exit status. A module
// of ours that cannot be loaded keeps nobody from a dialogue, but stands in its end.
func (r *runner) shell(cfg *wire.Config, params map[string]string, end *ending) (int, error) {
	const name = "shell"
	if err := r.send(wire.Event{Type: wire.TypeProgram, Program: name}); err != nil {
		return 0, err
	}
	// The length is the argument of this action; the buffer is not looked at.
	unix.Klogctl(unix.SYSLOG_ACTION_CONSOLE_LEVEL, make([]byte, quietLevel))
	ws, err := r.dialogue(cfg, params, end)
	ev := wire.Event{Type: wire.TypeExit, Program: name}
	switch {
	case err != nil:
		ev.Exit, ev.Error = 127, err.Error()
	case ws.Signaled():
		ev.Exit, ev.Signal = 128+int(ws.Signal()), unix.SignalName(ws.Signal())
	default:
		ev.Exit = ws.ExitStatus()
	}
	return ev.Exit, r.send(ev)
}

func (r *runner) dialogue(cfg *wire.Config, params map[string]string, end *ending) (syscall.WaitStatus, error) {
	tty, err := r.terminal(params)
	if err != nil {
		return 0, err
	}
	defer tty.Close()
	var failed []error
	for _, m := range cfg.Shell.Modules {
		if err := kernel.Insert(m); err != nil {
			failed = append(failed, err)
			end.fail(err)
		}
	}
	welcome(tty, cfg, errors.Join(failed...))
	pid, err := syscall.ForkExec(cfg.Shell.Path, []string{cfg.Shell.Path}, &syscall.ProcAttr{
		Dir:   home,
		Env:   shellEnv(cfg.Env, params),
		Files: []uintptr{tty.Fd(), tty.Fd(), tty.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0},
	})
	if err != nil {
		return 0, fmt.Errorf("start %s: %v", cfg.Shell.Path, err)
	}
	ws, err := waitFor(pid)
	r.killRest()
	// What the shell wrote last shall be seen before the machine is gone.
	unix.IoctlSetInt(int(tty.Fd()), unix.TCSBRK, 1)
	return ws, err
}

// shellEnv is the environment of the shell: as that of programs, with the person's
// own terminal. A name must stand there once: which of two counts, nobody says.
func shellEnv(env []string, params map[string]string) []string {
	all := slices.Concat(defaultEnv, env)
	if term := params[wire.ParamTerm]; term != "" {
		all = slices.DeleteFunc(all, func(e string) bool { return strings.HasPrefix(e, "TERM=") })
		all = append(all, "TERM="+term)
	}
	return all
}

// openTerminal opens the console as a terminal of the person's size. /dev/console
// itself can be nobody's controlling terminal, which Ctrl-C needs.
func openTerminal(params map[string]string) (*os.File, error) {
	name := "console"
	if active, err := os.ReadFile("/sys/class/tty/console/active"); err == nil {
		if names := strings.Fields(string(active)); len(names) > 0 {
			name = names[len(names)-1] // the last one is /dev/console
		}
	}
	tty, err := os.OpenFile(path.Join("/dev", name), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("the person's terminal: %v", err)
	}
	size := terminalSize(params)
	unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &size)
	return tty, nil
}

// terminalSize is the size that the build machine has told, or the usual one.
func terminalSize(params map[string]string) unix.Winsize {
	side := func(name string, otherwise uint16) uint16 {
		if n, err := strconv.ParseUint(params[name], 10, 16); err == nil && n > 0 {
			return uint16(n)
		}
		return otherwise
	}
	return unix.Winsize{Row: side(wire.ParamRows, 24), Col: side(wire.ParamCols, 80)}
}

// welcome says in five lines where the person is.
func welcome(w io.Writer, cfg *wire.Config, failed error) {
	var u unix.Utsname
	var mem unix.Sysinfo_t
	unix.Uname(&u)
	unix.Sysinfo(&mem)
	text := unix.ByteSliceToString
	module := "no module was loaded"
	switch names := moduleNames(cfg.Shell.Modules); {
	case failed != nil:
		module = strings.ReplaceAll(failed.Error(), "\n", "; ") + " (dmesg may say more)"
	case len(names) > 0:
		module = strings.Join(names, ", ") + " loaded" + health(names)
	}
	tools := 0
	if entries, err := os.ReadDir("/bin"); err == nil {
		tools = len(entries)
	}
	fmt.Fprintf(w, "\nkernel   %s %s, %s, %d CPUs, %d MiB\n", text(u.Release[:]), text(u.Machine[:]), cfg.Shell.Kernel, runtime.NumCPU(), uint64(mem.Totalram)*uint64(mem.Unit)>>20)
	fmt.Fprintf(w, "module   %s\n", module)
	fmt.Fprintf(w, "files    env | grep TIDELOCK; lsmod, insmod, rmmod, dmesg\n")
	fmt.Fprintf(w, "tools    %d programs in /bin; Tab completes, the arrows bring lines back\n", tools)
	fmt.Fprintf(w, "leave    exit or Ctrl-D powers off; Ctrl-A X ends QEMU at once\n\n")
}

// moduleNames are the kernel's names of modules.
func moduleNames(files []string) []string {
	var names []string
	for _, f := range files {
		names = append(names, canonical(strings.TrimSuffix(path.Base(f), ".ko")))
	}
	return names
}

// health is what the module says of itself, where it says something.
func health(names []string) string {
	for _, n := range names {
		if text, err := os.ReadFile("/sys/module/" + n + "/health"); err == nil {
			return ", health " + strings.TrimSpace(string(text))
		}
	}
	return ""
}

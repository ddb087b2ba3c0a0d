// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/pty"
	"github.com/tidelock/tidelock/vmtest/wire"
)

func TestTheFirstFailureStands(t *testing.T) {
	var e ending
	e.status(0)
	e.status(3)
	e.status(0)
	e.status(7)
	if e.Exit != 3 || e.Error != "" {
		t.Errorf("of 0, 3, 0 and 7: %+v", e)
	}
	e.fail(errors.New("one"))
	e.fail(errors.New("two"))
	if e.Exit != 3 || e.Error != "one" {
		t.Errorf("%+v", e)
	}
	e = ending{}
	e.fail(errors.New("one"))
	if e.status(0); e.Exit != 1 {
		t.Errorf("init has failed, and a program has not: %+v", e)
	}
}

// all runs programs that end with these statuses, and a shell, as init does, on a real terminal.
func all(t *testing.T, statuses []int, modules ...string) (*ending, wire.Event) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	person, program, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer person.Close()
	pty.NewScreen(person) // somebody has to read
	cfg := &wire.Config{Env: []string{"GUEST_PROGRAM=end"}, Shell: &wire.Shell{Path: self, Kernel: "k", Modules: modules}}
	for _, status := range statuses {
		cfg.Programs = append(cfg.Programs, wire.Program{Name: "p", Path: self, Args: make([]string, status)})
	}
	var last wire.Event
	r := &runner{
		send:     func(ev wire.Event) error { last = ev; return nil },
		killRest: func() {},
		terminal: func(map[string]string) (*os.File, error) { return program, nil },
	}
	end := &ending{}
	if err := r.runAll(cfg, nil, end); err != nil {
		t.Fatal(err)
	}
	if last.Type != wire.TypeExit || last.Program != "shell" {
		t.Fatalf("the shell did not run last: %+v", last)
	}
	return end, last
}

// The person's shell mostly ends well; what failed before it has still failed.
func TestShellHidesNoFailure(t *testing.T) {
	// Where the shell's folder cannot be entered it has failed itself.
	if end, last := all(t, nil); end.Exit != last.Exit || end.Error != "" {
		t.Errorf("nothing but a shell that ended with %d %s: %+v", last.Exit, last.Error, end)
	}
	if end, last := all(t, []int{3, 0}); end.Exit != 3 || end.Error != "" {
		t.Errorf("a program ended with 3, and the shell with %d: %+v", last.Exit, end)
	}
	missing := filepath.Join(t.TempDir(), "our.ko")
	if end, last := all(t, nil, missing); end.Exit != 1 || !strings.Contains(end.Error, missing) {
		t.Errorf("a module is missing, and the shell ended with %d: %+v", last.Exit, end)
	}
}

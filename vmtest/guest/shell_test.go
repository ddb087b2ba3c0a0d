// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/wire"
)

func shellConfig() *wire.Config {
	return &wire.Config{Load: []string{"tls"}, Shell: &wire.Shell{Path: "/bin/sh", Kernel: "debian/x86_64/6.1", Modules: []string{"/nonexistent/our-own.ko"}}}
}

func TestForPerson(t *testing.T) {
	c := shellConfig()
	if _, err := forPerson(c, nil); err != nil || c.Shell == nil || len(c.Load) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := forPerson(c, map[string]string{wire.ParamModule: "no"}); err != nil || len(c.Load) != 0 || len(c.Shell.Modules) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	c = shellConfig()
	command := "echo 'ä'\nexit 7"
	params := map[string]string{wire.ParamExec: base64.RawURLEncoding.EncodeToString([]byte(command)), wire.ParamModule: "no"}
	if _, err := forPerson(c, params); err != nil || c.Shell != nil || len(c.Programs) != 1 || !slices.Equal(c.Programs[0].Args, []string{"-c", command}) || workDir(c.Programs[0]) != home {
		t.Errorf("%+v, %v", c, err)
	}
	c = shellConfig()
	delete(params, wire.ParamModule)
	if ours, err := forPerson(c, params); err != nil || !slices.Equal(ours, []string{"/nonexistent/our-own.ko"}) {
		t.Errorf("modules of a command: %q, %v", ours, err)
	}
	c = shellConfig()
	if _, err := forPerson(c, map[string]string{wire.ParamExec: "%"}); err == nil || !strings.Contains(err.Error(), "vmtest.exec") {
		t.Errorf("no base64: %v", err)
	}
	if _, err := forPerson(&wire.Config{}, params); err != nil {
		t.Errorf("a guest without a shell: %v", err)
	}
}

func TestTerminalSize(t *testing.T) {
	for _, c := range []struct {
		rows, cols string
		want       unix.Winsize
	}{
		{"", "", unix.Winsize{Row: 24, Col: 80}},
		{"50", "132", unix.Winsize{Row: 50, Col: 132}},
		{"-1", "99999", unix.Winsize{Row: 24, Col: 80}},
		{"0", "x", unix.Winsize{Row: 24, Col: 80}},
	} {
		if got := terminalSize(map[string]string{wire.ParamRows: c.rows, wire.ParamCols: c.cols}); got != c.want {
			t.Errorf("%q x %q: %+v", c.rows, c.cols, got)
		}
	}
}

func TestWelcome(t *testing.T) {
	for _, c := range []struct {
		change func(*wire.Config)
		failed error
		want   string
	}{
		{func(*wire.Config) {}, nil, "module   our_own loaded\n"},
		{func(c *wire.Config) { c.Shell.Modules = nil }, nil, "module   no module was loaded\n"},
		{func(*wire.Config) {}, errors.Join(errors.New("one"), errors.New("two")), "module   one; two (dmesg may say more)\n"},
	} {
		cfg := shellConfig()
		c.change(cfg)
		var b strings.Builder
		welcome(&b, cfg, c.failed)
		if lines := strings.Count(strings.TrimSpace(b.String()), "\n") + 1; lines != 5 || !strings.Contains(b.String(), c.want) || !strings.Contains(b.String(), "debian/x86_64/6.1, ") {
			t.Errorf("%d lines:\n%s", lines, b.String())
		}
	}
}

func TestShellEnv(t *testing.T) {
	terms := func(env []string) []string {
		return slices.DeleteFunc(env, func(e string) bool { return !strings.HasPrefix(e, "TERM=") })
	}
	if got := terms(shellEnv([]string{"A=b"}, map[string]string{wire.ParamTerm: "xterm"})); !slices.Equal(got, []string{"TERM=xterm"}) {
		t.Errorf("%q", got)
	}
	if got := terms(shellEnv(nil, nil)); !slices.Equal(got, []string{"TERM=dumb"}) {
		t.Errorf("%q", got)
	}
}

// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// servers makes a folder that looks like the servers'.
func servers(t *testing.T) string {
	dir := t.TempDir()
	for _, name := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCheckRefusesWhatCannotWork(t *testing.T) {
	good := Options{Servers: servers(t), Dir: "/var/tmp/c", Jobs: 1, CASBytes: 1 << 30}
	if o := good; o.check() != nil {
		t.Fatalf("good options: %v", o.check())
	}
	for _, test := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"no servers", func(o *Options) { o.Servers = t.TempDir() }, "bb_storage: no such file"},
		{"no shell", func(o *Options) { o.Shell = t.TempDir() }, "bash: no such file"},
		{"deep folder", func(o *Options) { o.Dir = "/" + strings.Repeat("d", 100) }, "choose another one with --dir"},
		{"no jobs", func(o *Options) { o.Jobs = 0 }, "0 jobs"},
		{"small cache", func(o *Options) { o.CASBytes = 1 << 20 }, "256 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := good
			test.change(&o)
			if err := o.check(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestEmptyDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := emptyDir(dir); err != nil {
		t.Fatalf("a new folder: %v", err)
	}
	file := filepath.Join(dir, "precious")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := emptyDir(dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("somebody else's folder: %v", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("what was in it: %v", err)
	}
	if err := os.CopyFS(dir, configs); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "closed"), 0o555); err != nil {
		t.Fatal(err)
	}
	if err := emptyDir(dir); err != nil {
		t.Errorf("an earlier cluster's folder: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left of an earlier cluster: %v", left)
	}
}

func TestTakenPortIsRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Start(t.Context(), Options{Servers: servers(t), Dir: "/var/tmp/c", Jobs: 1, CASBytes: 1 << 30, Address: l.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "choose another port") {
		t.Errorf("got %v", err)
	}
}

func TestMainUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{"--help"}, 0, "Usage: tools/bazel run"},
		{[]string{"--nonsense"}, 2, "not defined"},
		{[]string{"extra"}, 2, `unexpected argument "extra"`},
		{nil, 2, "--servers is needed"},
		{[]string{"--servers=" + t.TempDir(), "--dir=" + filepath.Join(t.TempDir(), "d")}, 1, "no Buildbarn server"},
	} {
		var stdout, stderr bytes.Buffer
		got := Main(append([]string{"cluster"}, test.args...), &stdout, &stderr)
		if got != test.want || !strings.Contains(stderr.String(), test.says) {
			t.Errorf("%v: status %d, %q; want %d and %q", test.args, got, stderr.String(), test.want, test.says)
		}
	}
}

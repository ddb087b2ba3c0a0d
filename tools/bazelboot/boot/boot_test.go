// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/lockfile"
	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
)

func TestMainUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, 0, "usage: bazelboot"},
		{[]string{"--nonsense"}, 2, "nonsense"},
		{[]string{}, 2, "--version is missing"},
		{[]string{"--version=7.7.1", "--source=x", "more"}, 2, `unexpected argument "more"`},
		{[]string{"--version=7.7.1", "--resolve=oldest"}, 2, "--resolve=oldest"},
		{[]string{"--version=7.7.1", "--prefix=/x"}, 2, "--source is missing"},
		{[]string{"--version=7.7.1", "--source=x", "--prefix=relative"}, 2, "absolute"},
		{[]string{"--version=7.7.1", "--source=x", "--prefix=/a b"}, 2, `"/a b"`},
	} {
		var out, err bytes.Buffer
		if code := Main(c.args, &out, &err); code != c.code || !strings.Contains(err.String(), c.want) {
			t.Errorf("%v: code %d, %q; want %d, %q", c.args, code, err.String(), c.code, c.want)
		}
	}
}

// A lock that can't be read ends the work, and nothing is left but the file
// that says who works.
func TestAssembleFailsClean(t *testing.T) {
	parent := t.TempDir()
	o := Options{Prefix: filepath.Join(parent, "p"), Source: t.TempDir(), Version: "7.7.1", Resolve: Locked}
	log := newLog(&bytes.Buffer{})
	o.Log = log.printf
	if err := os.MkdirAll(o.Prefix+".part/root/left/over", 0o755); err != nil {
		t.Fatal(err)
	}
	err := Assemble(context.Background(), o, log)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that the lock does not exist", err)
	}
	left, _ := os.ReadDir(parent)
	if len(left) != 1 || left[0].Name() != "lock" {
		t.Errorf("left behind: %v", left)
	}
}

func TestAssembleLeavesACompleteOneAlone(t *testing.T) {
	o := Options{Prefix: filepath.Join(t.TempDir(), "p"), Source: "/gone"}
	if err := os.MkdirAll(o.Prefix, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Prefix, Start), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Assemble(context.Background(), o, newLog(&bytes.Buffer{})); err != nil {
		t.Error(err)
	}
}

func TestLockFileWaits(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	var text bytes.Buffer
	unlock, err := lockFile(name, newLog(&text))
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() {
		unlock, err := lockFile(name, newLog(&text))
		if err == nil {
			unlock()
		}
		second <- err
	}()
	select {
	case <-second:
		t.Fatal("the second did not wait")
	case <-time.After(200 * time.Millisecond):
	}
	unlock()
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "waiting") {
		t.Errorf("the second said %q", text.String())
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("write: %w", syscall.ENOSPC), "no space left below /cache"},
		{&os.PathError{Op: "mkdir", Path: "/x", Err: syscall.EACCES}, "XDG_CACHE_HOME"},
		{fmt.Errorf("get: %w", context.Canceled), "interrupted"},
		{errors.New("other"), "other"},
	} {
		if got := explain(c.err, "/cache").Error(); !strings.Contains(got, c.want) {
			t.Errorf("%v: %q, want %q in it", c.err, got, c.want)
		}
	}
}

func TestGoneNamesPackageAndWayOut(t *testing.T) {
	p := lockfile.Package{Name: "velocity", Version: "1.7-7"}
	for _, err := range []error{&fetch.NotFoundError{File: p.File()}, fmt.Errorf("x: %w", &fetch.UnreachableError{File: p.File()})} {
		text := gone(err, p).Error()
		for _, want := range []string{"velocity 1.7-7", "packages.lock.json", "--bootstrap=newest", "TIDELOCK_BAZEL_RESOLVE=newest"} {
			if !strings.Contains(text, want) {
				t.Errorf("%T: %q has no %q", err, text, want)
			}
		}
	}
	// A checksum that differs is not answered by taking other packages.
	if text := gone(&fetch.ChecksumError{File: p.File()}, p).Error(); strings.Contains(text, "newest") || !strings.Contains(text, "velocity") {
		t.Errorf("checksum error: %q", text)
	}
}

func TestAptNames(t *testing.T) {
	distdir := t.TempDir()
	if err := os.WriteFile(filepath.Join(distdir, "zlib1g_1%3a1.3_amd64.deb"), []byte("z"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &mirror.Sources{Distdirs: []string{"/gone", distdir}}
	err := aptNames(s, []lockfile.Package{
		{Name: "zlib1g", Version: "1:1.3", Arch: "amd64", Path: "pool/z/zlib1g_1.3_amd64.deb"},
		{Name: "netty", Version: "1:4", Arch: "all", Path: "pool/n/netty_4_all.deb"},
		{Name: "velocity", Version: "1.7", Arch: "all", Path: "pool/v/velocity_1.7_all.deb"},
	}, filepath.Join(t.TempDir(), "names"))
	if err != nil {
		t.Fatal(err)
	}
	names := s.Distdirs[len(s.Distdirs)-1]
	if b, err := os.ReadFile(filepath.Join(names, "zlib1g_1.3_amd64.deb")); err != nil || string(b) != "z" {
		t.Errorf("%q, %v", b, err)
	}
	if found, _ := os.ReadDir(names); len(found) != 1 {
		t.Errorf("links: %v", found)
	}
}

func TestProgress(t *testing.T) {
	var text bytes.Buffer
	files := []fetch.File{{Path: "a.deb", Size: 3 << 20}, {Path: "b.deb", Size: 5 << 20}}
	p := newProgress(newLog(&text), files)
	p.event(fetch.Event{File: files[0], Received: 1 << 20})
	if text.Len() > 0 {
		t.Errorf("it spoke too soon: %s", text.String())
	}
	p.last = time.Time{}
	p.event(fetch.Event{File: files[0], Done: true})
	p.last = time.Time{}
	p.event(fetch.Event{File: files[1], Received: 2 << 20})
	for _, want := range []string{"1 of 2 packages, 3 of 8 MB", "1 of 2 packages, 5 of 8 MB"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q has no %q", text.String(), want)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package debs

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/debian/archive/lockfile"
)

const committed = "../packages.lock.json"

func TestCommittedLock(t *testing.T) {
	text, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ReadLock(committed)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := l.Encode(); err != nil || !bytes.Equal(again, text) {
		t.Errorf("the committed lock is not written as --write-lock would write it (%v)", err)
	}
	if !Serves(l, "amd64") || Serves(l, "arm64") {
		t.Errorf("serves amd64: %v, arm64: %v; want true, false", Serves(l, "amd64"), Serves(l, "arm64"))
	}
	for _, p := range l.Of(RootBazel) {
		if !kept.MatchString(p.Name) {
			t.Errorf("%s is locked, but would not be kept by --resolve=newest", p.Name)
		}
		if p.Name == "bazel-bootstrap" && !strings.HasPrefix(p.Version, "7.") {
			t.Errorf("bazel-bootstrap is %q", p.Version)
		}
	}
	if ps := l.Of(RootPatchelf); len(ps) != 1 || ps[0].Name != "patchelf" {
		t.Errorf("the root patchelf is %v", ps)
	}
}

func TestReadLockWithoutRoots(t *testing.T) {
	for _, root := range []string{RootBazel, RootPatchelf} {
		l, err := ReadLock(committed)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range l.Of(root) {
			delete(l.Packages, p.Key())
		}
		l.Roots[root] = nil
		file := filepath.Join(t.TempDir(), "lock.json")
		if err := l.Write(file); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadLock(file); err == nil || !strings.Contains(err.Error(), `root "`+root+`" has no packages`) {
			t.Errorf("without %s: got %v", root, err)
		}
	}
}

func TestAptName(t *testing.T) {
	if got := AptName(lockfile.Package{Name: "patchelf", Version: "1:2", Arch: "amd64"}); got != "patchelf_1%3a2_amd64.deb" {
		t.Errorf("got %s", got)
	}
}

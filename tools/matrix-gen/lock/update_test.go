// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"regexp"
	"testing"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

func TestUpdate(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.debian("6.1.0-1", "6.1.1-1"), w.debian("6.1.0-2", "6.1.2-1"), w.debian("6.1.0-3", "6.1.3-1")
	later := func(lists []*crawler.List) []*crawler.List {
		lists[0].Archives = map[string]crawler.Archive{"debian": {Snapshot: "20261201T000000Z"}, "debian-security": {Snapshot: "20261201T000000Z"}}
		return lists
	}
	all := func(Kernel) bool { return true }
	before, _ := w.build(list(a, b), nil)

	// Nothing new but the time: nothing changes.
	now, _ := w.build(later(list(a, b)), nil)
	if got := Update(before, now, all); text(t, got) != text(t, before) {
		t.Errorf("time alone changed the lock:\n%s\n%s", text(t, before), text(t, got))
	}

	// One goes, one comes.
	w.drop(a.Packages[0])
	w.drop(a.Packages[1])
	now, left := w.build(later(list(a, b, c)), nil)
	if len(left) != 1 || len(Lost(before, now)) != 1 {
		t.Fatalf("left out %v, lost %v", left, Lost(before, now))
	}
	after := Update(before, now, all)
	if err := after.check(); err != nil {
		t.Fatal(err)
	}
	archived := map[string]bool{}
	for _, k := range after.Kernels {
		archived[k.Release] = k.Archived
	}
	if len(archived) != 3 || !archived["6.1.0-1-amd64"] || archived["6.1.0-2-amd64"] || archived["6.1.0-3-amd64"] {
		t.Errorf("archived: %v; want the first of three", archived)
	}
	if after.Archives["debian"].Snapshot != "20261201T000000Z" {
		t.Errorf("the snapshot is %v, which cannot have the new package", after.Archives["debian"])
	}
	// What left is where it was; what is still there moves along.
	headers := func(n int) Package { return after.Packages[after.Kernels[n].Packages[crawler.RoleHeaders]] }
	if got := headers(0).Snapshot; got != "20261120T060000Z" {
		t.Errorf("the package that left is at %q", got)
	}
	if got := headers(1).Snapshot; got != "" {
		t.Errorf("the package that stayed is at %q", got)
	}
	// Once more: stable.
	if again := Update(after, now, all); text(t, again) != text(t, after) {
		t.Error("a second update changes the lock again")
	}
	// It comes back.
	back := w.debian("6.1.0-1", "6.1.1-1")
	now, _ = w.build(later(list(back, b, c)), nil)
	again := Update(after, now, all)
	if again.Kernels[0].Archived || again.Packages[again.Kernels[0].Packages[crawler.RoleHeaders]].Snapshot != "" {
		t.Errorf("what came back is still archived: %+v", again.Kernels[0])
	}
}

// TestCovered: a list of one distribution says nothing about another.
func TestCovered(t *testing.T) {
	kernel := func(distribution, arch, release string) Kernel {
		return Kernel{Distribution: distribution, Arch: arch, Release: release, Alias: "alias-" + release}
	}
	lists := []*crawler.List{{Arch: "x86_64", Distributions: map[string][]crawler.Entry{"debian": {{}}, "ubuntu": nil, "fedora": {{}}}}}
	o := Options{Distributions: []string{"debian", "ubuntu"}, Oldest: "5.10", Release: regexp.MustCompile(`^(?:6.*|alias-5\.1.*)$`)}
	for _, c := range []struct {
		kernel Kernel
		want   bool
	}{
		{kernel("debian", "x86_64", "6.1.0-1-amd64"), true},
		{kernel("debian", "x86_64", "5.15.0-1-amd64"), true},  // by its alias
		{kernel("debian", "x86_64", "5.20.0-1-amd64"), false}, // not selected by name
		{kernel("debian", "x86_64", "5.1.0-1-amd64"), false},  // too old
		{kernel("debian", "aarch64", "6.1.0-1-arm64"), false}, // no list
		{kernel("ubuntu", "x86_64", "6.1.0-1"), false},        // an empty list is a failed crawl
		{kernel("fedora", "x86_64", "6.1.0-1"), false},        // not selected
	} {
		if got := Covered(lists, o)(c.kernel); got != c.want {
			t.Errorf("%s: got %v, want %v", c.kernel.Key(), got, c.want)
		}
	}
	before := &File{Kernels: []Kernel{kernel("debian", "x86_64", "6.1.0-1-amd64"), kernel("debian", "aarch64", "6.1.0-1-arm64")}}
	after := Update(before, &File{}, Covered(lists, o))
	if len(after.Kernels) != 2 || after.Kernels[0].Archived || !after.Kernels[1].Archived {
		t.Errorf("got %+v; want only the x86_64 kernel archived", after.Kernels)
	}
}

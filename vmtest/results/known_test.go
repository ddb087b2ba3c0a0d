// SPDX-License-Identifier: Apache-2.0

package results

import (
	"slices"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/wire"
)

func compiled(t *testing.T, known ...KnownFailure) []KnownFailure {
	t.Helper()
	for i := range known {
		if err := known[i].Compile(); err != nil {
			t.Fatal(err)
		}
	}
	return known
}

func TestExcuse(t *testing.T) {
	r := Parse(wire.FormatTAP, []byte("1..5\nok 1 a.x\nnot ok 2 a.y\nnot ok 3 a.yy\nok 4 a.z # SKIP no cipher\nnot ok 5 b.y\n"))
	known := compiled(t,
		KnownFailure{Case: `a\.y`, Reason: "first"},
		KnownFailure{Case: `a\..+`, Reason: "second"},
		KnownFailure{Case: `a\.z`, Reason: "a skipped case is no failure"},
		KnownFailure{Case: `y`, Reason: "part of a name is no name"})
	used := make([]int, len(known))
	r.Excuse(known, used)
	if got, want := brief(r), "a.x=pass a.y=known a.yy=known a.z=skip b.y=fail"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if want := []int{1, 1, 0, 0}; !slices.Equal(used, want) {
		t.Errorf("used %v, want %v", used, want)
	}
	if got, want := r.Cases[1].Reason+"; "+r.Cases[2].Reason+"; "+r.Cases[3].Reason, "first; second; no cipher"; got != want {
		t.Errorf("reasons %q, want %q", got, want)
	}
	if got := r.Failed(); !slices.Equal(got, []string{"b.y"}) {
		t.Errorf("failed: %q", got)
	}
}

func TestKnownFailureRefuses(t *testing.T) {
	for _, k := range []KnownFailure{{Reason: "x"}, {Case: " ", Reason: "x"}, {Case: "a", Reason: "\t"}, {Case: "a(", Reason: "x"}} {
		if err := k.Compile(); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(k.Case)) {
			t.Errorf("%+v: error %v", k, err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/verdict"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// What a kselftest prints of which one case fails.
const oneOfTwo = "1..2\n# a.c:1: no such thing\nnot ok 1 tls.old\nok 2 tls.new\n# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:0 error:0\n"

func TestKnownFailure(t *testing.T) {
	tap := func(known ...results.KnownFailure) func(*Config) {
		return func(c *Config) {
			c.Programs = []wire.Program{{Name: "t", Path: "/t", Format: wire.FormatTAP}}
			c.KnownFailures = known
		}
	}
	old := results.KnownFailure{Case: `tls\.old`, Reason: "came with <6.2>"}
	for _, c := range []struct {
		name   string
		change func(*Config)
		class  verdict.Class
		want   []string
	}{
		{"none", tap(), verdict.TestFail, []string{"TESTFAIL: t: tls.old failed", `failures="1"`}},
		{"known", tap(old), verdict.Pass, []string{
			"PASS  //x:y on debian/x86_64/6.1.0-test (tcg): 2 results, 1 of them known failures",
			`failures="0" errors="0" skipped="1"`, `<skipped message="known failure: came with &lt;6.2&gt;">`, "no such thing",
		}},
		{"stale", tap(old, results.KnownFailure{Case: `tls\.new`, Reason: "repaired"}), verdict.TestFail, []string{
			`TESTFAIL: known failure tls\.new did not happen`, "Remove from known_failures", `  tls\.new (repaired)`, `errors="1"`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, text, r := runMain(t, setup(t, "one of two", c.change))
			if r.Class != c.class || (status == 0) != (c.class == verdict.Pass) {
				t.Errorf("status %d, %s, want %s", status, r.Verdict, c.class)
			}
			for _, w := range c.want {
				if !strings.Contains(text, w) {
					t.Errorf("%q is missing in\n%s", w, text)
				}
			}
		})
	}
}

func TestKnownFailureRefuses(t *testing.T) {
	for name, k := range map[string]results.KnownFailure{"reason": {Case: "a"}, "case": {Reason: "r"}, "pattern": {Case: "a(", Reason: "r"}} {
		_, err := Load(setup(t, "well", func(c *Config) { c.KnownFailures = []results.KnownFailure{k} }), "/")
		if err == nil || !strings.Contains(err.Error(), "known_failures[0]: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

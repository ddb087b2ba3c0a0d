// SPDX-License-Identifier: Apache-2.0

package results

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// brief renders a report in one line.
func brief(r Report) string {
	var parts []string
	for _, c := range r.Cases {
		parts = append(parts, fmt.Sprintf("%s=%s", c.Name, c.Status))
	}
	if r.Problem != "" {
		parts = append(parts, "("+r.Problem+")")
	}
	return strings.Join(parts, " ")
}

func TestTAP(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"kselftest", "TAP version 13\n1..3\n# Starting 3 tests\nok 1 global.a\nok 2 tls.b # SKIP no cipher\nok 3 tls.c\n# PASSED\n", "global.a=pass tls.b=skip tls.c=pass"},
		{"plan at the end", "ok 1 - a\nnot ok 2 - b\n1..2\n", "a=pass b=fail"},
		{"without numbers", "1..2\nok a\nok b\n", "a=pass b=pass"},
		{"xfail and todo", "1..2\nok 1 a # XFAIL known\nnot ok 2 b # todo later\n", "a=skip b=skip"},
		{"xpass", "1..1\nok 1 a.b # XPASS unknown\n", "a.b=pass"},
		{"a word of a kselftest without a directive", "1..2\nnot ok 1 a.b #  because\nok 2 c #  x\n", "a.b=fail c=pass"},
		{"a number sign in a name", "1..1\nok 1 issue #5\n", "issue #5=pass"},
		{"totals", "1..4\nok 1 a\nnot ok 2 b\nok 3 c # SKIP x\nok 4 d # XFAIL y\n# Totals: pass:1 fail:1 xfail:1 xpass:0 skip:1 error:0\n", "a=pass b=fail c=skip d=skip"},
		{"totals with an error and an unexpected pass", "1..2\nnot ok 1 a\nok 2 b # XPASS y\n# Totals: pass:0 fail:0 xfail:0 xpass:1 skip:0 error:1\n", "a=fail b=pass"},
		{"other totals", "1..2\nok 1 a\nok 2 b\n# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:0 error:0\n",
			"a=pass b=pass (the program counts 1 passed, 1 failed, 0 skipped; its results are 2, 0 and 0)"},
		{"totals of a subtest", "1..1\n# # Totals: pass:9 fail:0 xfail:0 xpass:0 skip:0 error:0\nok 1 a\n", "a=pass"},
		{"no name", "1..1\nok 1\n", "test 1=pass"},
		{"subtest lines are output", "1..1\n    ok 1 inner\n    not ok 2 inner\nok 1 outer\n", "outer=pass"},
		{"carriage returns", "1..1\r\nok 1 a\r\n", "a=pass"},
		{"a word that begins with ok", "1..1\nokay then\nok 1 a\n", "a=pass"},
		{"too few", "1..3\nok 1 a\n", "a=pass (TAP plan says 3 results, 1 came)"},
		{"too many", "1..1\nok 1 a\nok 2 b\n", "a=pass b=pass (TAP plan says 1 results, 2 came)"},
		{"no plan", "ok 1 a\n", "a=pass (no plan (1..N) in the TAP output, 1 results)"},
		{"empty", "", "(no plan (1..N) in the TAP output, 0 results)"},
		{"two plans", "1..1\nok 1 a\n1..1\n", `a=pass (second plan "1..1" after 1..1)`},
		{"wrong number", "1..2\nok 1 a\nok 3 c\n", `a=pass c=pass (result "ok 3 c" comes where number 2 was due)`},
		{"bail out", "1..2\nok 1 a\nBail out! no memory\n", "a=pass (the program gave up: Bail out! no memory)"},
		{"absurd plan", "1..99999999999999999999\n", `(plan "1..99999999999999999999" has no usable number)`},
	} {
		if got := brief(Parse(wire.FormatTAP, []byte(c.text))); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestTAPReason(t *testing.T) {
	r := Parse(wire.FormatTAP, []byte("1..3\nok 1 a # SKIP no TLS support\nok 2 # skip\nok 3 c # XFAIL known # really\n"))
	for i, want := range []string{"no TLS support", "", "known # really"} {
		if r.Cases[i].Reason != want {
			t.Errorf("%d: reason %q, want %q", i, r.Cases[i].Reason, want)
		}
	}
}

func TestTAPKeepsOutput(t *testing.T) {
	r := Parse(wire.FormatTAP, []byte("1..2\n# one\n# two\nok 1 a\n# three\nnot ok 2 b\n"))
	if r.Cases[0].Output != "# one\n# two\n" || r.Cases[1].Output != "# three\n" {
		t.Errorf("%+v", r.Cases)
	}
}

// mk writes output as a Go test does: a mark before what the testing package says.
func mk(s string) []byte { return []byte(strings.ReplaceAll(s, "^V", "\x16")) }

func TestGo(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"all kinds", `^V=== RUN   TestA
    a_test.go:3: hi
no line end^V=== RUN   TestA/sub_x
^V--- SKIP: TestA/sub_x (0.00s)
^V=== NAME  TestA
^V--- PASS: TestA (1.25s)
^V=== RUN   TestB
^V=== PAUSE TestB
^V=== CONT  TestB
^V--- FAIL: TestB (0.00s)
^VFAIL
`, "TestA/sub_x=skip TestA=pass TestB=fail"},
		{"a test cannot write its own verdict", "^V=== RUN   TestA\n--- PASS: TestA (0.00s)\nPASS\n",
			"TestA=fail (1 tests started and never ended, the first is TestA)"},
		{"a test that prints a verdict of another", "^V=== RUN   TestA\n--- PASS: TestB (0.00s)\n^V--- PASS: TestA (0.00s)\n^VPASS\n", "TestA=pass"},
		{"panic", "^V=== RUN   TestA\npanic: boom\n", "TestA=fail (1 tests started and never ended, the first is TestA)"},
		{"no tests", "testing: warning: no tests to run\n^VPASS\n", "(no test was run)"},
		{"no last word", "^V=== RUN   TestA\n^V--- PASS: TestA (0.00s)\n", "TestA=pass (the last word of the test program, PASS or FAIL, is missing)"},
		{"empty", "", "(the last word of the test program, PASS or FAIL, is missing)"},
		{"contradiction", "^V=== RUN   TestA\n^V--- FAIL: TestA (0.00s)\n^VPASS\n", "TestA=fail (the program says PASS although a test failed)"},
		{"failure of no test", "^V=== RUN   TestA\n^V--- PASS: TestA (0.00s)\n^VFAIL\n", "TestA=pass (the program says FAIL although no test failed)"},
		{"end without start", "^V--- PASS: TestZ (0.00s)\n^VPASS\n", "TestZ=pass (test TestZ ended and never started)"},
	} {
		if got := brief(Parse(wire.FormatGo, mk(c.text))); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestGoKeepsOutputAndTime(t *testing.T) {
	r := Parse(wire.FormatGo, mk("^V=== RUN   TestA\n    a_test.go:3: hi\nraw^V--- PASS: TestA (1.25s)\n^VPASS\n"))
	if c := r.Cases[0]; c.Output != "    a_test.go:3: hi\nraw\n" || c.Seconds != 1.25 {
		t.Errorf("%+v", c)
	}
}

func TestFormats(t *testing.T) {
	if r := Parse(wire.FormatExit, []byte("not ok 1")); len(r.Cases) != 0 || r.Problem != "" {
		t.Errorf("exit: %+v", r)
	}
	if r := Parse("xml", nil); r.Problem == "" {
		t.Error("an unknown format has no problem")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1..2\nok 1 a\nnot ok 2 b # SKIP c\n")
	f.Add("\x16=== RUN   TestA\n\x16--- PASS: TestA (0.00s)\n\x16PASS\n")
	f.Add("\x16=== RUN   TestA\r\n\x16--- FAIL: TestA/b (9.99s)\n\xff\x16FAIL")
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []string{wire.FormatTAP, wire.FormatGo} {
			r := Parse(format, []byte(text))
			if r.Problem == "" && len(r.Cases) == 0 && !strings.Contains(text, "1..0") {
				t.Errorf("%s: nothing ran and nothing is wrong with %q", format, text)
			}
			for _, c := range r.Cases {
				if c.Name == "" || c.Status == "" {
					t.Errorf("%s: nameless case in %q", format, text)
				}
			}
		}
	})
}

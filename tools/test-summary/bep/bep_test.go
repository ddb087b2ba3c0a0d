// SPDX-License-Identifier: Apache-2.0

package bep

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func summary(label, status string) string {
	return `{"id":{"testSummary":{"label":"` + label + `"}},"testSummary":{"overallStatus":"` + status + `"}}` + "\n"
}

func completed(label, payload string) string {
	return `{"id":{"targetCompleted":{"label":"` + label + `"}},` + payload + `}` + "\n"
}

const (
	built    = `"completed":{"success":true}`
	broken   = `"completed":{"failureDetail":{"message":"1 error"}}`
	analysis = `"aborted":{"reason":"ANALYSIS_FAILURE"}`
	skipped  = `"aborted":{"reason":"SKIPPED"}`

	started  = `{"id":{"started":{}},"started":{"uuid":"1"}}` + "\n"
	finished = `{"id":{"buildFinished":{}},"finished":{"exitCode":{"name":"SUCCESS"}}}` + "\n"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, events, want string
		bad                bool
	}{
		{"all passed", started + summary("//a", "PASSED") + summary("//b", "PASSED") + finished, "2 passed, 0 failed\n", false},
		{"every kind of failure", started + summary("//a", "PASSED") + summary("//b", "FAILED") + summary("//c", "TIMEOUT") + summary("//d", "FAILED_TO_BUILD") + finished,
			"FAILED   //b\nTIMEOUT  //c\nFAILED_TO_BUILD //d\n1 passed, 3 failed\n", true},
		{"flaky", started + summary("//a", "FLAKY") + finished, "FLAKY    //a\n1 passed, 0 failed\n", false},
		{"nothing ran", started + finished, "0 passed, 0 failed\n", true},
		{"stopped", started + summary("//a", "PASSED"), "the build was stopped before its end\n1 passed, 0 failed\n", true},
		{"built", completed("//a", built) + summary("//a", "PASSED") + completed("//lib", built) + finished, "1 passed, 0 failed\n", false},
		{"not built", summary("//a", "PASSED") + completed("//b", broken) + completed("//c", analysis) + completed("//d", `"aborted":{}`) + finished,
			"FAILED_TO_BUILD //b\nFAILED_TO_BUILD //c\nFAILED_TO_BUILD //d\n1 passed, 3 failed\n", true},
		{"not built, with a summary", completed("//b", broken) + summary("//b", "FAILED_TO_BUILD") + finished, "FAILED_TO_BUILD //b\n0 passed, 1 failed\n", true},
		{"announced, not run", summary("//a", "PASSED") + `{"id":{"testSummary":{"label":"//b"}},"aborted":{}}` + "\n" + finished,
			"NO_STATUS //b\n1 passed, 1 failed\n", true},
		{"another platform's", summary("//a", "PASSED") + completed("//b", skipped) + finished, "SKIPPED  //b\n1 passed, 0 failed\n", false},
		{"no target is to blame", summary("//a", "PASSED") + `{"id":{"buildFinished":{}},"finished":{"exitCode":{"name":"PARSING_FAILURE","code":1}}}` + "\n",
			"bazel ended with PARSING_FAILURE; its log says why\n1 passed, 0 failed\n", true},
		{"cut off in a line", started + summary("//a", "PASSED") + `{"id":{"testSum`, "the build was stopped before its end\n1 passed, 0 failed\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Read(strings.NewReader(c.events))
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			r.Print(&got)
			if got.String() != c.want || r.Bad() != c.bad {
				t.Fatalf("got %q, bad %v", got.String(), r.Bad())
			}
		})
	}
	if _, err := Read(strings.NewReader("not JSON")); err == nil {
		t.Fatal("a file that is not JSON was taken")
	}
}

func TestEndOfAFailedTestsLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.log")
	log := strings.Repeat("a line of the beginning\n", 2000) + "one\n\ntwo\x1b[31m\n" + strings.Repeat("3", 1000) + "\r\n\nfour"
	if err := os.WriteFile(file, []byte(log), 0o644); err != nil {
		t.Fatal(err)
	}
	result := func(label, status, uri string) string {
		return `{"id":{"testResult":{"label":"` + label + `"}},"testResult":{"status":"` + status + `","testActionOutput":[{"name":"test.log","uri":"` + uri + `"}]}}` + "\n"
	}
	r, err := Read(strings.NewReader(
		result("//a", "FAILED", "file://"+file) + summary("//a", "FAILED") +
			result("//b", "PASSED", "file://"+file) + summary("//b", "PASSED") +
			result("//c", "FAILED", "file:///nonexistent") + summary("//c", "FAILED") +
			result("//d", "TIMEOUT", "https://example.com/log") + summary("//d", "TIMEOUT") + finished))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	Join(r).Print(&got)
	want := "FAILED   //a\n    two [31m\n    " + strings.Repeat("3", 300) + "\n    four\nFAILED   //c\nTIMEOUT  //d\n1 passed, 3 failed\n"
	if got.String() != want {
		t.Errorf("got %q, want %q", got.String(), want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(started + summary("//a", "PASSED") + finished)
	f.Add(`{"id":{"testSummary":null},"testSummary":{}}`)
	f.Fuzz(func(t *testing.T, events string) {
		if r, err := Read(strings.NewReader(events)); err == nil && len(r.Passed) > strings.Count(events, "PASSED")+strings.Count(events, "FLAKY") {
			t.Fatalf("%d passed out of %q", len(r.Passed), events)
		}
	})
}

func TestIdleTestsDoNotCountAsPassed(t *testing.T) {
	dir := t.TempDir()
	result := func(label, xml string) string {
		file := filepath.Join(dir, strings.Trim(label, "/")+".xml")
		if err := os.WriteFile(file, []byte(xml), 0o644); err != nil {
			t.Fatal(err)
		}
		return `{"id":{"testResult":{"label":"` + label + `"}},"testResult":{"testActionOutput":[{"name":"test.log","uri":"file:///none"},{"name":"test.xml","uri":"file://` + file + `"}]}}` + "\n"
	}
	const (
		ran  = `<testsuites><testsuite><testcase name="a"/><testcase name="b"><skipped/></testcase></testsuite></testsuites>`
		idle = `<testsuites><testsuite><testcase name="a"><skipped message="gone"/></testcase></testsuite></testsuites>`
	)
	var events strings.Builder
	for i := range 20 {
		label := fmt.Sprintf("//t%d", i)
		xml := ran
		if i < 2 {
			xml = idle
		}
		events.WriteString(result(label, xml) + summary(label, "PASSED"))
	}
	r, err := Read(strings.NewReader(events.String() + finished))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	r.Print(&got)
	if got.String() != "IDLE     //t0\nIDLE     //t1\n18 passed, 0 failed, 2 skipped\n" || r.Bad() {
		t.Fatalf("got %q, bad %v", got.String(), r.Bad())
	}
	r, err = Read(strings.NewReader(events.String() + result("//t2", idle) + finished))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Bad() {
		t.Fatal("three idle tests of twenty were taken for green")
	}
}

func TestJoin(t *testing.T) {
	read := func(text string) *Results {
		r, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	const end = `{"id":{"buildFinished":{}},"finished":{"exitCode":{"name":"SUCCESS"}}}`
	good := read(summary("//a", "PASSED") + summary("//b", "FLAKY") + end)
	for _, c := range []struct {
		second string
		want   string
	}{
		{summary("//c", "PASSED") + end, "FLAKY    //b\n3 passed, 0 failed\n"},
		{summary("//c", "TIMEOUT") + end, "TIMEOUT  //c\nFLAKY    //b\n2 passed, 1 failed\n"},
		{summary("//c", "PASSED"), "FLAKY    //b\nthe build was stopped before its end\n3 passed, 0 failed\n"},
		{`{"id":{"buildFinished":{}},"finished":{"exitCode":{"name":"PARSING_FAILURE"}}}`, "FLAKY    //b\nbazel ended with PARSING_FAILURE; its log says why\n2 passed, 0 failed\n"},
	} {
		for _, order := range [][]*Results{{good, read(c.second)}, {read(c.second), good}} {
			var b strings.Builder
			Join(order...).Print(&b)
			if b.String() != c.want {
				t.Errorf("%s: got %q, want %q", c.second, b.String(), c.want)
			}
		}
	}
}

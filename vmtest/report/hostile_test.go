// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/runner"
	"github.com/tidelock/tidelock/vmtest/splat"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// evil has everything in it that ends, begins or turns something somewhere.
const evil = "</pre></script><script>alert(1)</script><img src=x onerror=alert(2)>\"' onmouseover='alert(3) " +
	"| a | b `c` ```\n# head\n~~~\n[x](javascript:alert(4)) &lt; {{.}} @everyone \x1b[31mred\x00\u202eevil\u2066 \\| \\` "

// poisoned is a result in which each text is evil.
func poisoned() *runner.Result {
	r := failed(label, stock, verdict.Splat, evil)
	r.Detail, r.Expected, r.Release, r.Accel, r.Why = evil, evil, evil, "tcg", evil
	r.Ignored, r.Notes = []string{evil}, []string{evil}
	r.Reports = []splat.Report{{Title: evil, Text: evil, Line: 1, Count: 2}}
	r.Programs[0].Name, r.Programs[0].Error, r.Programs[0].Problem, r.Programs[0].Signal = evil, evil, evil, evil
	r.Programs[0].Cases = []results.Case{{Name: evil, Status: results.Fail, Output: evil}, {Name: evil, Status: evil, Reason: evil, Output: evil}, {Name: evil, Status: results.Pass}}
	return r
}

func hostile(t *testing.T) *Matrix {
	t.Helper()
	l := newLogs(t)
	l.result(poisoned(), noon)
	l.file(labelPath(label), "test.outputs/console.log", evil, noon)
	l.file(labelPath(label), "test.outputs/a (b) <i> #1 %41?\".log", "", noon)
	// Two guests in which each text is evil.
	own := poisoned()
	own.Kernel, own.Class = evil, evil
	several := result{Result: *poisoned(), Wire: &runner.Wire{Frames: -1}, Seconds: 1}
	several.Name, several.Kernel = "//n:several", evil
	for _, role := range []string{"a", "b"} {
		several.Roles = append(several.Roles, &runner.RoleResult{Role: role, Follows: role == "a", Result: own})
	}
	text, err := json.Marshal(several)
	if err != nil {
		t.Fatal(err)
	}
	l.netLog(several.Name, evil, noon)
	l.file("n/several", "test.outputs/result.json", string(text), noon)
	l.file("n/several", "test.outputs/b.console.log", evil, noon)
	// A kernel and a class that are evil, and a target as evil as a file can be called.
	r := failed("//p:x|y'<b>`&", strings.ReplaceAll(evil, "\n", " "), verdict.Class(evil), "")
	l.result(r, noon)
	// Labels of which the same letters are left.
	l.result(passed("//p:a/b-c", stock), noon)
	l.result(passed("//p:a-b/c", stock), noon)
	return collect(t, l.dir)
}

// The page has the structure that its template has, whatever is in the results.
func TestHostilePage(t *testing.T) {
	m := hostile(t)
	text, err := m.HTML()
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	checkPage(t, page)
	if c := m.Packages[0].Rows[0].Cells[0]; c.Label != "//n:several" || len(c.Roles) != 2 || len(c.Tails) != 1 {
		t.Fatalf("the test of several guests is not there whole: %+v", c)
	}
	if n := strings.Count(page, "alert(1)"); n < 8 {
		t.Errorf("the text is there %d times: it was lost", n)
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("a value was thrown away")
	}
	if !strings.Contains(page, "a%20%28b%29%20%3Ci%3E%20%231%20%2541%3F%22.log\"") {
		t.Error("the address of a file with an odd name is wrong")
	}
	if !strings.Contains(page, `<code>tools/bazel test &#39;//p:x|y&#39;\&#39;&#39;&lt;b&gt;`+"`"+`&amp;&#39;</code>`) {
		t.Error("the command is not quoted for a shell")
	}
}

// checkPage parses a page as XML does, which is stricter than a browser, and looks
// at what is in it.
func checkPage(t *testing.T, page string) {
	t.Helper()
	for _, r := range page {
		if r < ' ' && r != '\n' || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Errorf("%U is in the page", r)
			break
		}
	}
	scripts := 0
	ids := map[string]bool{}
	var links []string
	// Style and script are no XML; TestPolicy looks at them. Nor are elements that
	// have no end, and attributes without a value.
	for _, r := range []struct{ from, to string }{
		{`(?s)(<(style|script)>).*?(</(?:style|script)>)`, "$1$3"},
		{`<(meta|input|col|wbr)((?: [^<>]*)?)>`, "<$1$2/>"},
		{` (hidden|open)(>| )`, ` $1=""$2`},
		{`^<!DOCTYPE html>`, ""},
	} {
		page = regexp.MustCompile(r.from).ReplaceAllString(page, r.to)
	}
	d := xml.NewDecoder(strings.NewReader(page))
	allowed := regexp.MustCompile(`^(html|head|meta|title|style|body|header|h[1-4]|p|span|time|ul|li|b|small|nav|a|main|section|article|dl|div|dt|dd|pre|details|summary|code|label|input|table|caption|colgroup|col|thead|tbody|tr|th|td|wbr|ol|script)$`)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !allowed.MatchString(e.Name.Local) {
			t.Errorf("there is a <%s>", e.Name.Local)
		}
		if e.Name.Local == "script" {
			scripts++
		}
		for _, a := range e.Attr {
			switch name := a.Name.Local; {
			case strings.HasPrefix(name, "on") || name == "style" || name == "src":
				t.Errorf("<%s> has %s=%q", e.Name.Local, name, a.Value)
			case name == "id":
				if ids[a.Value] {
					t.Errorf("id %s twice", a.Value)
				}
				ids[a.Value] = true
			case name == "href" && strings.HasPrefix(a.Value, "#"):
				links = append(links, a.Value[1:])
			case name == "href" && strings.Contains(strings.SplitN(a.Value, "/", 2)[0], ":"):
				t.Errorf("a link leads to %s", a.Value)
			}
		}
	}
	if scripts != 1 {
		t.Errorf("%d scripts", scripts)
	}
	for _, id := range links {
		if !ids[id] {
			t.Errorf("a link leads to #%s, which is not there", id)
		}
	}
}

// The policy lets exactly the page's own style and script work.
func TestPolicy(t *testing.T) {
	text, err := collect(t, t.TempDir()).HTML()
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(page)
	if policy == nil {
		t.Fatal("no policy")
	}
	if strings.Contains(policy[1], "unsafe") || !strings.HasPrefix(policy[1], "default-src 'none';") {
		t.Errorf("policy %s", policy[1])
	}
	for _, tag := range []string{"style", "script"} {
		own := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(page, -1)
		if len(own) != 1 || !strings.Contains(policy[1], tag+"-src '"+hash(own[0][1])+"'") {
			t.Errorf("the policy does not fit the %s", tag)
		}
		if strings.Contains(own[0][1], "http") || strings.Contains(own[0][1], "url(") || strings.Contains(own[0][1], "@import") {
			t.Errorf("the %s loads something", tag)
		}
	}
	if strings.Index(page, "Content-Security-Policy") > strings.Index(page, "<style>") {
		t.Error("the policy comes after what it rules")
	}
}

func TestHostileMarkdown(t *testing.T) {
	text, err := hostile(t).Markdown()
	if err != nil {
		t.Fatal(err)
	}
	fenced, columns := "", 0
	for i, text := range strings.Split(string(text), "\n") {
		if regexp.MustCompile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]").MatchString(text) {
			t.Errorf("line %d has control characters: %q", i+1, text)
		}
		if ticks := regexp.MustCompile("^`{3,}").FindString(text); ticks != "" {
			switch {
			case fenced == "":
				fenced = ticks
				continue
			case text == fenced:
				fenced = ""
				continue
			}
		}
		if fenced != "" {
			continue
		}
		bare := withoutCode(text)
		if n := len(regexp.MustCompile(`(?:^|[^\\])(?:\\\\)*\|`).FindAllString(bare, -1)); strings.HasPrefix(text, "|") {
			if columns != 0 && n != columns {
				t.Errorf("line %d has %d pipes, the table has %d: %s", i+1, n, columns, text)
			}
			columns = n
		} else {
			columns = 0
		}
		for _, bad := range []string{"<script", "<img", "<b>", "&lt;", "@every", "](javascript"} {
			if at := strings.Index(bare, bad); at >= 0 && (at == 0 || bare[at-1] != '\\') {
				t.Errorf("line %d has %s bare: %s", i+1, bad, text)
			}
		}
	}
	if fenced != "" {
		t.Error("a block of code does not end")
	}
}

// withoutCode takes spans of code out of a line, as CommonMark finds them.
func withoutCode(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '\\' && i+1 < len(s) {
			out.WriteString(s[i : i+2])
			i += 2
			continue
		}
		if s[i] != '`' {
			out.WriteByte(s[i])
			i++
			continue
		}
		n := 0
		for i+n < len(s) && s[i+n] == '`' {
			n++
		}
		rest := s[i+n:]
		end := regexp.MustCompile("(?:^|[^`])(`{" + string(rune('0'+n)) + "})(?:[^`]|$)").FindStringSubmatchIndex(rest)
		if end == nil {
			out.WriteString(s[i : i+n])
			i += n
			continue
		}
		i += n + end[3]
	}
	return out.String()
}

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"a":      "`a`",
		"a`b":    "``a`b``",
		"``a":    "``` ``a ```",
		" a\nb ": "`a b`",
		"`":      "`` ` ``",
		"":       "",
	} {
		if got := code(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	if got := plain("a_b _c_ a|b\\|<i>&amp; http://x @me"); got != `a_b \_c\_ a\|b\\\|\<i\>\&amp; http\://x \@me` {
		t.Error(got)
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[31m\x00\x7f": "␛[31m␀␡",
		"a\u202eb\u00adc":  "a<U+202E>b<U+00AD>c",
		"\xff\xfe":         "\uFFFD",
		"a\tb\u2028c":      "a    b<U+2028>c",
		"ü ✓ 漢":            "ü ✓ 漢",
	} {
		if got := visible(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	long := strings.Repeat("ä", 10000)
	if got := []rune(line(long)); len(got) != maxLine || got[maxLine-1] != '…' {
		t.Errorf("a long line has %d characters", len(got))
	}
	if got := head(long); !strings.HasSuffix(got, "\n… and 16000 bytes more") || len(got) > maxText+50 {
		t.Errorf("a long text ends in %q", got[len(got)-40:])
	}
	if got := head(strings.Repeat("x\n", 100)); strings.Count(got, "x") != maxLines || !strings.HasSuffix(got, "bytes more") {
		t.Errorf("of many lines %d are left", strings.Count(got, "x"))
	}
	if got := tail("a\r\nb\r\nc\r\n", 2); got != "b\nc" {
		t.Errorf("%q", got)
	}
}

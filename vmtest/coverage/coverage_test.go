// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
)

const one = `TN:
SF:kmod/linux/main.c
FN:3,init
FNDA:1,init
FN:9,gone
FNDA:0,gone
FNF:2
FNH:1
BRDA:4,0,0,1
BRDA:4,0,1,0
BRDA:9,0,0,-
BRF:3
BRH:1
DA:3,1
DA:4,1
DA:9,0
LH:2
LF:3
end_of_record
`

// Another kernel: it has a line and a way that the first has not.
const other = `SF:kmod/linux/main.c
FN:3,init
FNDA:4,init
FN:10,gone
FNDA:2,gone
BRDA:4,0,0,3
BRDA:4,0,1,1
BRDA:4,0,2,0
DA:3,4
DA:4,4
DA:9,0
DA:12,0
end_of_record
SF:kmod/core/mem.c
DA:5,0
DA:6,0
DA:8,7
DA:9,0
end_of_record
`

func parse(t *testing.T, text string) *Report {
	t.Helper()
	r, err := Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func text(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.LCOV(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const joined = `SF:kmod/core/mem.c
DA:5,0
DA:6,0
DA:8,7
DA:9,0
FNF:0
FNH:0
BRF:0
BRH:0
LF:4
LH:1
end_of_record
SF:kmod/linux/main.c
FN:3,init
FNDA:5,init
FN:9,gone
FNDA:2,gone
BRDA:4,0,0,4
BRDA:4,0,1,1
BRDA:4,0,2,0
BRDA:9,0,0,-
DA:3,5
DA:4,5
DA:9,0
DA:12,0
FNF:2
FNH:2
BRF:4
BRH:2
LF:4
LH:2
end_of_record
`

func TestAdd(t *testing.T) {
	a, b := parse(t, one), parse(t, other)
	sum := &Report{}
	sum.Add(a)
	sum.Add(b)
	if got := text(t, sum); got != joined {
		t.Errorf("got:\n%s", got)
	}
	if got := text(t, parse(t, one+other)); got != joined {
		t.Errorf("as records of one file:\n%s", got)
	}
	back := &Report{}
	back.Add(b)
	back.Add(a)
	if got := text(t, back); got != joined {
		t.Errorf("in the other order:\n%s", got)
	}
	if !reflect.DeepEqual(a, parse(t, one)) {
		t.Error("a report that was added has changed")
	}
}

func TestSumDoesNotWrap(t *testing.T) {
	big := parse(t, "SF:a\nDA:1,9223372036854775807\nend_of_record\n")
	big.Add(parse(t, "SF:a\nDA:1,1\nend_of_record\n"))
	if got := big.Files["a"].Lines[1]; got != math.MaxInt64 {
		t.Errorf("%d", got)
	}
}

func TestKeep(t *testing.T) {
	r := parse(t, "SF:kmod/core/../compat/compat.h\nDA:1,2\nend_of_record\nSF:kmod/compat/compat.h\nDA:1,3\nend_of_record\nSF:kmod/../include/x.h\nDA:1,1\nend_of_record\nSF:./include/y.h\nDA:1,1\nend_of_record\n")
	r.Keep("kmod/")
	if got := r.Names(); !reflect.DeepEqual(got, []string{"kmod/compat/compat.h"}) || r.Files[got[0]].Lines[1] != 5 {
		t.Errorf("%v", got)
	}
}

func TestSummary(t *testing.T) {
	r := parse(t, one+other)
	s := r.Summary(2)
	var plain, mark, js bytes.Buffer
	for _, err := range []error{s.Text(&plain), s.Markdown(&mark), s.JSON(&js)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := `file                   lines   functions   branches
kmod/core/mem.c    1/4 25.0%           -          -
kmod/linux/main.c  2/4 50.0%  2/2 100.0%  2/4 50.0%
total              3/8 37.5%  2/2 100.0%  2/4 50.0%
`; plain.String() != want {
		t.Errorf("got:\n%s", plain.String())
	}
	if want := `Coverage by 2 tests: 3/8 37.5% of lines.

| file | lines | functions | branches | lines that never ran |
|---|---|---|---|---|
| kmod/core/mem.c | 1/4 25.0% | - | - | 5-6, 9 |
| kmod/linux/main.c | 2/4 50.0% | 2/2 100.0% | 2/4 50.0% | 9-12 |
| total | 3/8 37.5% | 2/2 100.0% | 2/4 50.0% |  |
`; mark.String() != want {
		t.Errorf("got:\n%s", mark.String())
	}
	for _, want := range []string{`"schema": 1`, `"tests": 2`, `"missed": "5-6, 9"`, `"file": "total"`, `"percent": 37.5`} {
		if !strings.Contains(js.String(), want) {
			t.Errorf("no %s in:\n%s", want, js.String())
		}
	}
	empty := (&Report{}).Summary(0)
	js.Reset()
	if err := empty.JSON(&js); err != nil || !strings.Contains(js.String(), `"files": []`) {
		t.Errorf("%v: %s", err, js.String())
	}
}

// What is not all must not look like all.
func TestPercentRoundsDown(t *testing.T) {
	if got := ratio(9999, 10000).String(); got != "9999/10000 99.9%" {
		t.Error(got)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"cut off":            {one[:len(one)-20], "cut off"},
		"record in a record": {"SF:a\nSF:b\n", "line 2"},
		"no name":            {"SF:\n", "no name"},
		"outside":            {"DA:1,1\n", "outside of a record"},
		"another key":        {"SF:a\nXY:1\nend_of_record\n", "is not what LCOV writes"},
		"no number":          {"SF:a\nDA:1,x\nend_of_record\n", "DA:1,x"},
		"negative":           {"SF:a\nDA:1,-1\nend_of_record\n", "DA:1,-1"},
		"no line":            {"SF:a\nDA:-,1\nend_of_record\n", "DA:-,1"},
		"too large a line":   {"SF:a\nDA:4294967296,1\nend_of_record\n", "DA:"},
		"too few":            {"SF:a\nBRDA:1,0,0\nend_of_record\n", "BRDA"},
		"too many":           {"SF:a\nDA:1,2,3\nend_of_record\n", "DA:1,2,3"},
		"counts without":     {"SF:a\nFNDA:1,f\nend_of_record\n", "FNDA:1,f"},
		"endless line":       {strings.Repeat("x", maxLine+2), "too long"},
	} {
		if _, err := Parse(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// Whatever is read is written so that it is read as the same.
func FuzzParse(f *testing.F) {
	f.Add(one)
	f.Add(other)
	f.Add("SF:a\nFN:1,f,g\nFNDA:1,f,g\nBRDA:1,2,3,-\nend_of_record\n")
	f.Add("SF:a\r\nDA:1,0\r\nend_of_record\r\n")
	f.Fuzz(func(t *testing.T, in string) {
		r, err := Parse(strings.NewReader(in))
		if err != nil {
			return
		}
		out := text(t, r)
		again := text(t, parse(t, out))
		if out != again {
			t.Errorf("once:\n%s\ntwice:\n%s", out, again)
		}
		if s := r.Summary(1); s.Total.Lines.Covered > s.Total.Lines.Total || s.Total.Branches.Covered > s.Total.Branches.Total {
			t.Errorf("more ran than there is: %+v", s.Total)
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package lcov

import (
	"bytes"
	"strings"
	"testing"
)

const sample = `{"format_version": "2", "gcc_version": "14.2.0", "files": [
 {"file": "core/a.c",
  "functions": [{"name": "f", "start_line": 3, "execution_count": 2}, {"name": "g", "start_line": 9, "execution_count": 0}],
  "lines": [
   {"line_number": 3, "count": 2, "branches": []},
   {"line_number": 4, "count": 2, "branches": [{"count": 2, "throw": false, "fallthrough": true}, {"count": 0}]},
   {"line_number": 9, "count": 0, "branches": [{"count": 0}]}]},
 {"file": "/usr/include/stdio.h", "functions": [], "lines": [{"line_number": 1, "count": 1}]},
 {"file": "bazel-out/x/bin/sysroot/usr/include/stdio.h", "functions": [], "lines": []}]}
`

func TestConvert(t *testing.T) {
	var got bytes.Buffer
	if err := Convert(&got, []byte(sample)); err != nil {
		t.Fatal(err)
	}
	want := `SF:core/a.c
FN:3,f
FNDA:2,f
FN:9,g
FNDA:0,g
FNF:2
FNH:1
BRDA:4,0,0,2
BRDA:4,0,1,0
BRDA:9,0,0,-
BRF:3
BRH:1
DA:3,2
DA:4,2
DA:9,0
LH:2
LF:3
end_of_record
`
	if got.String() != want {
		t.Fatalf("got:\n%s", got.String())
	}
}

func TestBadInput(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "", "cannot be read"},
		{"cut off", sample[:len(sample)/2], "cannot be read"},
		{"wrong type", `{"format_version": "2", "files": 7}`, "cannot be read"},
		{"another version", `{"format_version": "3"}`, `the format "3"`},
		{"more behind it", sample + "x", "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Convert(&bytes.Buffer{}, []byte(c.data))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// Whatever gcov says, each line of a record is one of LCOV's.
func FuzzConvert(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(`{"format_version": "2", "files": [{"file": "a\nb"}]}`))
	f.Add([]byte(`{"format_version": "2", "files": [{"file": "a", "functions": [{"name": "x\ny"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got bytes.Buffer
		if err := Convert(&got, data); err != nil {
			return
		}
		open := false
		for _, line := range strings.Split(strings.TrimSuffix(got.String(), "\n"), "\n") {
			key, _, _ := strings.Cut(line, ":")
			switch {
			case line == "":
			case key == "SF" && !open:
				open = true
			case line == "end_of_record" && open:
				open = false
			case open && strings.Contains(" FN FNDA FNF FNH BRDA BRF BRH DA LH LF ", " "+key+" "):
			default:
				t.Fatalf("the line %q in\n%s", line, got.String())
			}
		}
		if open {
			t.Fatalf("a record without an end in\n%s", got.String())
		}
	})
}

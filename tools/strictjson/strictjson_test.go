// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"strings"
	"testing"
)

type sample struct {
	Name string            `json:"name"`
	Size int64             `json:"size"`
	More map[string]string `json:"more"`
}

func TestDecode(t *testing.T) {
	var s sample
	if err := Decode([]byte(" {\"name\": \"a\",\n\"size\": 3, \"more\": {\"x\": \"y\"}}\n"), &s); err != nil {
		t.Fatal(err)
	}
	if s.Name != "a" || s.Size != 3 || s.More["x"] != "y" {
		t.Errorf("got %+v", s)
	}
	for text, want := range map[string]string{
		"":                                  "line 1: it ends in the middle",
		"{\"name\":\n\"a\"":                 "line 2: it ends in the middle",
		"{\"name\": \"a\",\n\n\"size\": x}": "line 3: invalid character 'x'",
		"{\n\"size\": \"3\"}":               "line 2: json: cannot unmarshal string",
		"{\n\"sise\": 3}":                   `unknown field "sise"`,
		"{}\n{}":                            "line 2: something follows",
		"{}\n]":                             "line 2: something follows",
	} {
		if err := Decode([]byte(text), &sample{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name": "a"}`))
	f.Add([]byte("{\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := Decode(data, &sample{}); err != nil && !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("the error names no line: %v", err)
		}
	})
}

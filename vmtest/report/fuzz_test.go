// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"
	"path/filepath"
	"testing"
)

// Any result.json gives a page that is whole.
func FuzzResult(f *testing.F) {
	files, err := filepath.Glob("testdata/results/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"schema":1,"class":"\u202e<script>","name":"//a:b|c","kernel":"a/b/c"}`))
	f.Add([]byte(`{"schema":1,"class":"PASS","kernel":"a=b c=d","roles":[{"role":"../../x","schema":1,"class":"PASS","times":{}},null,{}],"wire":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := newLogs(t)
		l.log(label, stock, noon)
		l.file(labelPath(label), "test.outputs/result.json", string(data), noon)
		m := collect(t, l.dir)
		if only(t, m).Label != label {
			t.Errorf("label %s", only(t, m).Label)
		}
		page, err := m.HTML()
		if err != nil {
			t.Fatal(err)
		}
		checkPage(t, string(page))
		if _, err := m.Markdown(); err != nil {
			t.Fatal(err)
		}
		if _, err := m.JSON(); err != nil {
			t.Fatal(err)
		}
	})
}

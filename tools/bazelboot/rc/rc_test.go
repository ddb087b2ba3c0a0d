// SPDX-License-Identifier: Apache-2.0

package rc

import (
	"strings"
	"testing"
)

func TestBazelrcNamesEachFolder(t *testing.T) {
	text := Bazelrc("/prefix")
	for _, f := range Folders() {
		if !strings.Contains(text, "=/prefix/"+f+"\n") && !strings.Contains(text, "=file:///prefix/"+f+"\n") {
			t.Errorf("no setting names %s", f)
		}
	}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "common --") {
			t.Errorf("the line %q is not for every command", line)
		}
	}
}

func TestDownloaderConfig(t *testing.T) {
	const blocks = "block go.dev\nblock golang.google.cn\n"
	for _, c := range []struct{ goproxy, want string }{
		{"", blocks},
		{"off", blocks},
		{"direct", blocks},
		{"file:///proxy,http://mirror.example", blocks},
		{"https://user:secret@mirror.example", blocks},
		{"https://mirror.example/go/,direct", blocks + `rewrite dl\.google\.com/go/(v0\.0\.1-go[^/]*\.zip) mirror.example/go/golang.org/toolchain/@v/$1` + "\n"},
		{"off|https://mirror.example", blocks + `rewrite dl\.google\.com/go/(v0\.0\.1-go[^/]*\.zip) mirror.example/golang.org/toolchain/@v/$1` + "\n"},
	} {
		if got := DownloaderConfig(c.goproxy); got != c.want {
			t.Errorf("%q: %q, want %q", c.goproxy, got, c.want)
		}
	}
}

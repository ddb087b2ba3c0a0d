// SPDX-License-Identifier: Apache-2.0

package guestroot

import (
	"bytes"
	"path"
	"strings"
)

// dropScripts leaves out the scripts whose interpreter is not in the layer: they
// could only fail in the guest.
func (t *tree) dropScripts() {
	for _, name := range t.names() {
		n := t.nodes[name]
		if n.kind != file || n.mode&0o111 == 0 {
			continue
		}
		if interp := interpreter(n.data); interp != "" && !t.isFile(interp) {
			delete(t.nodes, name)
		}
	}
}

// interpreter is the program that a script names, "" where the data is no script.
// "env NAME" is NAME in /usr/bin.
func interpreter(data []byte) string {
	rest, ok := bytes.CutPrefix(data[:min(len(data), 256)], []byte("#!"))
	if !ok {
		return ""
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	words := strings.Fields(string(line))
	switch {
	case len(words) == 0:
		return ""
	case path.Base(words[0]) == "env" && len(words) > 1:
		return "/usr/bin/" + words[1]
	}
	return words[0]
}

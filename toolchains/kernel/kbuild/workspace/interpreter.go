// SPDX-License-Identifier: Apache-2.0

package workspace

import (
	"bytes"
	"fmt"
	"path"
	"strings"
)

// noInterpreter stands in the first line of a script for a program that no
// tool root has. Not every script is run, so this is an error only when one is:
// then the kernel's message names this place, instead of the script running on
// whatever the machine has under /usr/bin.
const noInterpreter = "/not-in-the-tool-roots/"

// maxInterpreterLine is what the kernel reads of a script's first line:
// BINPRM_BUF_SIZE of include/uapi/linux/binfmts.h, 256 since Linux 5.1, less
// the newline and some room.
const maxInterpreterLine = 250

// interpreter points a script's first line at the tool roots. Other files stay
// as they are.
func (t *Tree) interpreter(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte("#!")) {
		return data, nil
	}
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	words := strings.Fields(string(line[2:]))
	if len(words) == 0 {
		return data, nil
	}
	if path.Base(words[0]) == "env" {
		words = envCommand(words[1:])
	}
	program, err := t.path.Find(path.Base(words[0]))
	if err != nil {
		program = noInterpreter + path.Base(words[0])
	}
	words[0] = program
	first := "#!" + strings.Join(words, " ")
	if len(first) > maxInterpreterLine {
		return nil, fmt.Errorf("the path of the tool roots is too long for a script's first line: %s", first)
	}
	return append([]byte(first+"\n"), rest...), nil
}

// envCommand returns the command that env(1) starts with these arguments. What
// env would do besides starting it (setting variables, most of its options) has
// no place in a first line without env: the command is then one that nothing has.
func envCommand(args []string) []string {
	if len(args) > 0 {
		if split, ok := strings.CutPrefix(args[0], "-S"); ok {
			args = append(strings.Fields(split), args[1:]...)
		}
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || strings.Contains(args[0], "=") {
		return []string{"env-with-options"}
	}
	return args
}

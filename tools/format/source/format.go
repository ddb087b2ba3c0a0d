// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// Formatter gives sources their form.
type Formatter struct {
	// Root is the folder that names are relative to.
	Root string
	// ClangFormat is the program that formats C; without it C is left alone.
	ClangFormat string
}

// Knows tells whether the formatter has an opinion on the file.
func (f Formatter) Knows(name string) bool {
	k := KindOf(name)
	return k != None && (k != C || f.ClangFormat != "")
}

// Format returns the file's text in its form. Text that cannot be parsed is an
// error with the place in it.
func (f Formatter) Format(name string, text []byte) ([]byte, error) {
	switch KindOf(name) {
	case Go:
		return gofmt(name, text)
	case Starlark:
		file, err := build.Parse(name, text)
		if err != nil {
			return nil, err // begins with the name and the place
		}
		return build.Format(file), nil
	case C:
		return f.clang(name, text)
	}
	return text, nil
}

// gofmt wants a whole file, unlike format.Source, which takes a fragment too.
func gofmt(name string, text []byte) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err // begins with the name and the place
	}
	var out bytes.Buffer
	err = format.Node(&out, files, file)
	return out.Bytes(), err
}

// clang has clang-format read the text as if it were the file, so that it
// finds the .clang-format of the file's folder or of one above.
func (f Formatter) clang(name string, text []byte) ([]byte, error) {
	cmd := exec.Command(f.ClangFormat, "--style=file", "--fallback-style=none", "--assume-filename="+filepath.Join(f.Root, name))
	var complaint bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: clang-format: %w: %s", name, err, strings.TrimSpace(complaint.String()))
	}
	return out, nil
}

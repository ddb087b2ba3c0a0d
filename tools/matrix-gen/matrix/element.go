// SPDX-License-Identifier: Apache-2.0

// Package matrix makes the build matrix: of the kernels that crawls list, one
// element for each that is to get a driver.
package matrix

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
)

// Element is one build: one driver version for one kernel. The names of the
// fields and their order are an interface to build workflows.
type Element struct {
	// KVersion is the kernel's name: the crawler's, or the true release (what
	// uname -r prints) if a lock translates it.
	KVersion string `json:"kversion"`
	// Distribution and Architecture are names like "debian" and "x86_64".
	Distribution string `json:"distribution"`
	Architecture string `json:"architecture"`
	// KernelURLs lists the header packages, sorted, each file once. A package
	// of a list that names no mirror stands as "<archive>:<path>".
	KernelURLs []string `json:"kernelurls"`
	// Output is where the driver goes: version/distribution/architecture/kversion.
	Output string `json:"output"`
	// DriverVersion is the version of the driver to build.
	DriverVersion string `json:"driverversion"`
}

// Key names the kernel of an element: distribution/architecture/kversion.
func (e Element) Key() string {
	return path.Join(e.Distribution, e.Architecture, e.KVersion)
}

// Compare orders elements by distribution, architecture and kernel.
func Compare(a, b Element) int {
	return cmp.Or(
		cmp.Compare(a.Distribution, b.Distribution),
		cmp.Compare(a.Architecture, b.Architecture),
		cmp.Compare(a.KVersion, b.KVersion),
	)
}

// Write prints elements in canonical form: sorted, two spaces of indentation, a
// final newline.
func Write(w io.Writer, elements []Element) error {
	elements = slices.Clone(elements)
	if elements == nil {
		elements = []Element{} // "[]", not "null"
	}
	slices.SortFunc(elements, Compare)
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // URLs keep their "&"
	enc.SetIndent("", "  ")
	if err := enc.Encode(elements); err != nil {
		return err
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// Read reads what Write printed. The source is only used in messages.
func Read(r io.Reader, source string) ([]Element, error) {
	dec := json.NewDecoder(r)
	var elements []Element
	if err := dec.Decode(&elements); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			err = errors.New("it ends in the middle: the file was truncated")
		}
		return nil, fmt.Errorf("%s: not a build matrix: %w", source, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: not a build matrix: something follows the list", source)
	}
	seen := map[string]bool{}
	for i, e := range elements {
		if e.KVersion == "" || e.Distribution == "" || e.Architecture == "" {
			return nil, fmt.Errorf("%s: not a build matrix: element %d lacks kversion, distribution or architecture", source, i)
		}
		if seen[e.Key()] {
			return nil, fmt.Errorf("%s: the kernel %s stands in it twice", source, e.Key())
		}
		seen[e.Key()] = true
	}
	return elements, nil
}

// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/tidelock/tidelock/tools/wholefile"
)

// Result is what became of one file.
type Result struct {
	// Name below the root.
	Name string
	// Changed tells that the file was not in its form.
	Changed bool
	// Err tells why it could not be formatted.
	Err error
}

// Run formats the files below f.Root; with write the changed ones are replaced.
// The results are those that changed or failed, in the order of the names.
func Run(f Formatter, names []string, write bool) []Result {
	results := make([]Result, len(names))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			for i := range next {
				results[i] = one(f, names[i], write)
			}
		})
	}
	for i := range names {
		next <- i
	}
	close(next)
	wg.Wait()
	var notable []Result
	for _, r := range results {
		if r.Changed || r.Err != nil {
			notable = append(notable, r)
		}
	}
	return notable
}

func one(f Formatter, name string, write bool) Result {
	r := Result{Name: name}
	if !f.Knows(name) {
		return r
	}
	file := filepath.Join(f.Root, filepath.FromSlash(name))
	text, err := os.ReadFile(file)
	if err != nil {
		r.Err = err
		return r
	}
	formed, err := f.Format(name, text)
	if err != nil {
		r.Err = err
		return r
	}
	if bytes.Equal(text, formed) {
		return r
	}
	r.Changed = true
	if write {
		r.Err = replace(file, formed)
	}
	return r
}

// replace writes beside the file and renames, so that it is whole at any time.
func replace(file string, text []byte) error {
	st, err := os.Stat(file)
	if err != nil {
		return err
	}
	return wholefile.Write(file, text, st.Mode())
}

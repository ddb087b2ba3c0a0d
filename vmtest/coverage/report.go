// SPDX-License-Identifier: Apache-2.0

// Package coverage joins what tests have run of the sources, and sums it up.
package coverage

import (
	"maps"
	"math"
	"path"
	"slices"
	"strings"
)

// Report has the counts of sources by name, relative to the top of the tree.
type Report struct {
	// Files by name. Example: kmod/linux/main.c
	Files map[string]*File
}

// File is one source.
type File struct {
	// Lines has how often each line that has code ran; numbers count from 1.
	Lines map[int]int64
	// Functions by name.
	Functions map[string]Function
	// Branches has how often each way out of a line was taken.
	Branches map[Branch]int64
}

// Function is one function of a source.
type Function struct {
	// Line is where it begins: the first of several, where kernels differ.
	Line int
	// Count is how often it was entered.
	Count int64
}

// Branch names one way out of a line. Compilers and architectures number them in
// their own way: in a joined report it is the n-th way of any of them.
type Branch struct {
	Line, Block, Number int
}

// file returns the named source, which is made where it is not there.
func (r *Report) file(name string) *File {
	if r.Files == nil {
		r.Files = map[string]*File{}
	}
	f := r.Files[name]
	if f == nil {
		f = &File{Lines: map[int]int64{}, Functions: map[string]Function{}, Branches: map[Branch]int64{}}
		r.Files[name] = f
	}
	return f
}

// Add adds the counts of another report, line by line. What only one has stays.
func (r *Report) Add(o *Report) {
	for name, from := range o.Files {
		to := r.file(name)
		for line, n := range from.Lines {
			to.Lines[line] = sum(to.Lines[line], n)
		}
		for b, n := range from.Branches {
			to.Branches[b] = sum(to.Branches[b], n)
		}
		for name, f := range from.Functions {
			to.function(name, f)
		}
	}
}

func (f *File) function(name string, other Function) {
	if have, ok := f.Functions[name]; ok {
		other.Line, other.Count = min(have.Line, other.Line), sum(have.Count, other.Count)
	}
	f.Functions[name] = other
}

// sum adds counts; what does not fit stays at the largest number.
func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Keep drops the sources whose names do not begin with prefix. The compiler names a
// header by the way to it, core/../compat/compat.h: names are made clean first.
func (r *Report) Keep(prefix string) {
	kept := Report{}
	for name, f := range r.Files {
		if clean := path.Clean(name); strings.HasPrefix(clean, prefix) {
			kept.Add(&Report{Files: map[string]*File{clean: f}})
		}
	}
	r.Files = kept.Files
}

// Names lists the sources in order.
func (r *Report) Names() []string { return slices.Sorted(maps.Keys(r.Files)) }

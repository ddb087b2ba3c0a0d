// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
	"github.com/tidelock/tidelock/tools/matrix-gen/lock"
	"github.com/tidelock/tidelock/tools/matrix-gen/matrix"
)

// Kinds of input.
const (
	KindMatrix = "build matrix"
	KindLock   = "lock"
	KindCrawl  = "crawl"
)

// Detect tells what a JSON document is by its shape: a matrix is a list, a lock
// an object with a schema and kernels, and any other object a crawl.
func Detect(data []byte) string {
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("[")) {
		return KindMatrix
	}
	var probe struct {
		Schema  json.RawMessage `json:"schema"`
		Kernels json.RawMessage `json:"kernels"`
	}
	if json.Unmarshal(data, &probe) == nil && probe.Schema != nil && probe.Kernels != nil {
		return KindLock
	}
	return KindCrawl
}

// FromMatrix makes a set of a build matrix.
func FromMatrix(elements []matrix.Element) (Set, error) {
	set := Set{}
	for _, e := range elements {
		if err := set.add(e.Key(), e); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// FromLock makes a set of a lock. The packages stand in the kernels, so that a
// file that was replaced shows as a change of each kernel that uses it.
func FromLock(f *lock.File) (Set, error) {
	set := Set{}
	for _, k := range f.Kernels {
		packages := map[string]any{}
		for role, name := range k.Packages {
			packages[role] = struct {
				File string `json:"file"`
				lock.Package
			}{name, f.Packages[name]}
		}
		if err := set.add(k.Key(), struct {
			lock.Kernel
			Packages map[string]any `json:"packages"`
		}{k, packages}); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// FromCrawl makes a set of a crawl. Flavours are told apart, files of several
// mirrors count once and the newest build of a release counts, as in a matrix.
func FromCrawl(list *crawler.List) (Set, error) {
	type entry struct {
		Build    string            `json:"kernelversion"`
		Release  string            `json:"release,omitempty"`
		Headers  []string          `json:"headers"`
		Packages []crawler.Package `json:"packages,omitempty"`
	}
	all := map[string]crawler.Kernel{}
	for distribution, entries := range list.Distributions {
		for _, e := range entries {
			kernels, err := e.Kernels(distribution, list.Arch)
			if err != nil {
				return nil, err
			}
			for _, k := range kernels {
				if old, twice := all[k.Key()]; twice {
					k, _ = crawler.Newest(old, k)
				}
				all[k.Key()] = k
			}
		}
	}
	set := Set{}
	for key, k := range all {
		value := entry{Build: k.Build, Release: k.Release, Headers: []string{}}
		for _, f := range k.Files {
			value.Headers = append(value.Headers, f.Ref())
			if f.SHA256 != "" {
				value.Packages = append(value.Packages, f.Package)
			}
		}
		if err := set.add(key, value); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// add stores a value in the form that differing compares.
func (s Set) add(key string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	var plain any
	if err := json.Unmarshal(data, &plain); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	s[key] = plain
	return nil
}

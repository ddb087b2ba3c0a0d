// SPDX-License-Identifier: Apache-2.0

// Package roots reads toolchains/debian/roots.json, which is written by hand
// and says which packages each tool root is made of.
package roots

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/tools/strictjson"
)

// File is the whole of roots.json.
type File struct {
	// Suites that roots may take packages from, each with its purpose.
	Suites map[string]string `json:"suites"`
	// Exclude names packages that no root wants although others depend on
	// them, each with the reason.
	Exclude map[string]string `json:"exclude"`
	// Roots by their name.
	Roots map[string]*Root `json:"roots"`
}

// Root is a set of packages that is unpacked into one folder.
type Root struct {
	// Why the root exists.
	Why string `json:"why"`
	// Arch is Debian's name of the architecture; amd64 if empty.
	Arch string `json:"arch"`
	// Suites in their order: the first that has a package wins.
	Suites []string `json:"suites"`
	// Packages wanted; what they depend on comes with them.
	Packages []string `json:"packages"`
	// Exclude names packages that this root has no use for, with the reason.
	Exclude map[string]string `json:"exclude"`
	// Pin names the suite that a package comes from regardless of the order.
	Pin map[string]string `json:"pin"`
}

// Names returns the names of the roots in order.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.Roots)) }

// Excluded returns all names that the root leaves out, in order.
func (f *File) Excluded(r *Root) []string {
	all := maps.Clone(r.Exclude)
	if all == nil {
		all = map[string]string{}
	}
	for name, why := range f.Exclude {
		if !slices.Contains(r.Packages, name) {
			all[name] = why
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Read reads and checks a roots.json.
func Read(name string) (*File, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// Parse reads and checks the text of a roots.json.
func Parse(data []byte) (*File, error) {
	var f File
	if err := strictjson.Decode(data, &f); err != nil {
		return nil, err
	}
	return &f, f.check()
}

var (
	name     = regexp.MustCompile(`^[a-z0-9][a-z0-9+._-]*$`)
	rootName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9+._-]*$`)
)

func (f *File) check() error {
	if len(f.Roots) == 0 {
		return errors.New(`"roots" names no root`)
	}
	for s, why := range f.Suites {
		if !name.MatchString(s) || why == "" {
			return fmt.Errorf("suite %q: it needs a name and a purpose", s)
		}
	}
	if err := reasons("exclude", f.Exclude); err != nil {
		return err
	}
	for _, n := range f.Names() {
		if err := f.checkRoot(n, f.Roots[n]); err != nil {
			return fmt.Errorf("root %q: %w", n, err)
		}
	}
	return nil
}

func (f *File) checkRoot(n string, r *Root) error {
	known := func(suite string) error {
		if _, ok := f.Suites[suite]; !ok {
			return fmt.Errorf("suite %q is not in \"suites\" (%s)", suite, strings.Join(slices.Sorted(maps.Keys(f.Suites)), ", "))
		}
		return nil
	}
	switch {
	case r == nil:
		return errors.New("it is null")
	case !rootName.MatchString(n):
		return errors.New("its name has other characters than letters, digits and +._-")
	case r.Why == "":
		return errors.New(`"why" is missing: say what the root is for`)
	case len(r.Suites) == 0:
		return errors.New(`"suites" is empty`)
	case len(r.Packages) == 0:
		return errors.New(`"packages" is empty`)
	}
	switch r.Arch {
	case "":
		r.Arch = "amd64"
	case "amd64", "arm64":
	default:
		return fmt.Errorf("arch %q (amd64 or arm64)", r.Arch)
	}
	for _, s := range r.Suites {
		if err := known(s); err != nil {
			return err
		}
	}
	for _, p := range r.Packages {
		if !name.MatchString(p) {
			return fmt.Errorf("package %q is no package name", p)
		}
		if _, ok := r.Exclude[p]; ok {
			return fmt.Errorf("package %s is both wanted and excluded", p)
		}
	}
	for p, s := range r.Pin {
		if err := known(s); err != nil {
			return fmt.Errorf("pin of %s: %w", p, err)
		}
	}
	return reasons("exclude", r.Exclude)
}

func reasons(field string, m map[string]string) error {
	for p, why := range m {
		if !name.MatchString(p) {
			return fmt.Errorf("%s: %q is no package name", field, p)
		}
		if why == "" {
			return fmt.Errorf("%s: %s has no reason", field, p)
		}
	}
	return nil
}

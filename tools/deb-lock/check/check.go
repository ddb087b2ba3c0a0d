// SPDX-License-Identifier: Apache-2.0

// Package check compares a lock with the roots it should have been made from.
package check

import (
	"fmt"

	"github.com/tidelock/tidelock/toolchains/debian/archive/lockfile"
	"github.com/tidelock/tidelock/tools/deb-lock/roots"
)

// Fits tells, without the network, in what a lock cannot be the result of the
// given roots.
func Fits(f *roots.File, l *lockfile.File) error {
	for name := range l.Roots {
		if f.Roots[name] == nil {
			return fmt.Errorf("root %s is in the lock only", name)
		}
	}
	for _, name := range f.Names() {
		keys, ok := l.Roots[name]
		if !ok {
			return fmt.Errorf("root %s is not in the lock", name)
		}
		if err := fitsRoot(f, f.Roots[name], l, keys); err != nil {
			return fmt.Errorf("root %s: %w", name, err)
		}
	}
	return nil
}

func fitsRoot(f *roots.File, r *roots.Root, l *lockfile.File, keys []string) error {
	have := map[string]lockfile.Package{}
	for _, k := range keys {
		p := l.Packages[k]
		if twin, ok := have[p.Name]; ok {
			return fmt.Errorf("%s is in it in the versions %s and %s", p.Name, twin.Version, p.Version)
		}
		have[p.Name] = p
		if p.Arch != r.Arch && p.Arch != "all" {
			return fmt.Errorf("%s is for %s, the root for %s", k, p.Arch, r.Arch)
		}
	}
	for _, name := range r.Packages {
		if _, ok := have[name]; !ok {
			return fmt.Errorf("the wanted package %s is missing", name)
		}
	}
	for _, name := range f.Excluded(r) {
		if _, ok := have[name]; ok {
			return fmt.Errorf("the excluded package %s is in it", name)
		}
	}
	for name, p := range have {
		if _, ok := f.Suites[p.Suite]; !ok {
			return fmt.Errorf("%s is of suite %s, which is not in \"suites\"", name, p.Suite)
		}
	}
	return nil
}

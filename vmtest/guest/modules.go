// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/tidelock/tidelock/vmtest/guest/kernel"
	"github.com/tidelock/tidelock/vmtest/wire"
	"golang.org/x/sys/unix"
)

// canonical makes names comparable as the kernel does: '-' and '_' are the same.
func canonical(name string) string { return strings.ReplaceAll(name, "-", "_") }

// find returns the modules of the catalogue that answer to a name or an alias.
func find(catalogue []wire.Module, want string) []wire.Module {
	want = canonical(want)
	for _, m := range catalogue {
		if canonical(m.Name) == want {
			return []wire.Module{m}
		}
	}
	var found []wire.Module
	for _, m := range catalogue {
		for _, a := range m.Aliases {
			if ok, err := path.Match(canonical(a), want); err == nil && ok {
				found = append(found, m)
				break
			}
		}
	}
	return found
}

// order lists a module and everything it depends on, dependencies first.
func order(catalogue []wire.Module, name string) ([]wire.Module, error) {
	var list []wire.Module
	state := map[string]int{} // 1: being visited, 2: listed
	var visit func(string) error
	visit = func(name string) error {
		switch state[name] {
		case 1:
			return fmt.Errorf("module %s depends on itself", name)
		case 2:
			return nil
		}
		state[name] = 1
		i := -1
		for j := range catalogue {
			if catalogue[j].Name == name {
				i = j
			}
		}
		if i < 0 {
			return fmt.Errorf("module %s is not in the guest: add it to kernel_modules of the test", name)
		}
		for _, d := range catalogue[i].Depends {
			if err := visit(d); err != nil {
				return err
			}
		}
		state[name] = 2
		list = append(list, catalogue[i])
		return nil
	}
	return list, visit(name)
}

// load loads a module with its dependencies; what is there already is fine.
func load(catalogue []wire.Module, name string) error {
	list, err := order(catalogue, name)
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.Builtin {
			continue
		}
		if err := kernel.Insert(m.Path); err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
	}
	return nil
}

// Modprobe is the program behind /sbin/modprobe: the kernel calls it as
// `modprobe -q -- ALIAS` when code asks for a module that is not loaded.
func Modprobe(args []string) int {
	var want string
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			want = a
		}
	}
	cfg, err := readConfig()
	if err != nil {
		fmt.Fprintf(os.Stderr, "modprobe: %v\n", err)
		return 1
	}
	found := find(cfg.Modules, want)
	if len(found) == 0 {
		return 1
	}
	status := 0
	for _, m := range found {
		if err := load(cfg.Modules, m.Name); err != nil {
			fmt.Fprintf(os.Stderr, "modprobe: %v\n", err)
			status = 1
		}
	}
	return status
}

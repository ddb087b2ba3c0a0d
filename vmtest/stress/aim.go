// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// span is a range of addresses in the kernel: start included, end not.
type span struct{ start, end uint64 }

// margin is how far around the module's text faults are aimed: the code that
// initialises the next load lies there too, and no other module.
const margin = 1 << 20

// around is the range for a module whose sections begin at the given addresses.
func around(sections []uint64, size uint64) span {
	s := span{start: ^uint64(0)}
	for _, at := range sections {
		s.start = min(s.start, at)
		s.end = max(s.end, at)
	}
	s.start -= min(s.start, margin)
	if s.end += size + margin; s.end < s.start { // beyond the end of the address space
		s.end = ^uint64(0)
	}
	return s
}

// parseAddress reads what the kernel shows for a section. Zero is what it shows
// to who may not know.
func parseAddress(text string) (uint64, error) {
	text = strings.TrimSpace(text)
	at, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not an address", text)
	}
	if at == 0 {
		return 0, fmt.Errorf("the address is hidden: kptr_restrict must be 0 or 1, for root")
	}
	return at, nil
}

// textOf finds where a loaded module lies. ok is false when it is not loaded.
func textOf(root, module string) (s span, ok bool, err error) {
	var sections []uint64
	for _, name := range []string{".text", ".init.text"} {
		path := filepath.Join(root, module, "sections", name)
		text, err := os.ReadFile(path)
		if err != nil {
			if gone(err) {
				continue
			}
			return s, false, err
		}
		at, err := parseAddress(string(text))
		if err != nil {
			return s, false, fmt.Errorf("%s: %w", path, err)
		}
		sections = append(sections, at)
	}
	path := filepath.Join(root, module, "coresize")
	text, err := os.ReadFile(path)
	if gone(err) || len(sections) == 0 && err == nil {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	size, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return s, false, fmt.Errorf("%s: %q is not a size", path, strings.TrimSpace(string(text)))
	}
	if len(sections) == 0 {
		return s, false, nil
	}
	return around(sections, size), true, nil
}

// gone tells the errors of a file in /sys whose module was unloaded meanwhile.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV)
}

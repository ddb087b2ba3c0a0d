// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/tidelock/tidelock/toolchains/kernel/source/patch"
	"github.com/tidelock/tidelock/toolchains/kernel/source/spec"
)

var (
	patchName = regexp.MustCompile(`\.(patch|diff)(\.(gz|xz|bz2|zst))?$`)
	tagName   = regexp.MustCompile(`^Patch(\d+)$`)
)

// patches are those that the spec lists, in their order, but for the skipped.
// Whatever cannot be had or told is an error: a kernel that lacks a patch looks
// like one that has it.
func (c *contents) patches(skip map[string]string) ([]patch.Patch, error) {
	listed, err := spec.Patches(string(c.files[c.spec]))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.spec, err)
	}
	left := maps.Clone(skip) // what has not been met
	skipped := func(keys ...string) bool {
		found := false
		for _, key := range keys {
			if _, ok := skip[key]; ok && key != "" {
				delete(left, key)
				found = true
			}
		}
		return found
	}
	for key, reason := range skip {
		if reason == "" {
			return nil, fmt.Errorf("skip_patches has no reason for %s", key)
		}
		// Patch0012 is Patch12.
		if m := tagName.FindStringSubmatch(key); m != nil {
			if n, err := strconv.Atoi(m[1]); err != nil || key != (spec.Patch{Number: n}).Tag() {
				return nil, fmt.Errorf("skip_patches names %s; write the number without zeros in front", key)
			}
		}
	}
	var patches []patch.Patch
	known := map[string]bool{}
	byNumber := map[int]spec.Patch{}
	for _, s := range listed {
		known[s.File] = true
		if skipped(s.Tag(), s.File) {
			continue
		}
		where := fmt.Sprintf("%s:%d: %s", c.spec, s.Line, s.Tag())
		if s.Err != nil {
			return nil, fmt.Errorf("%s: its name cannot be told: %w; name %s in skip_patches if it is not meant for this kernel", where, s.Err, s.Tag())
		}
		other, again := byNumber[s.Number]
		byNumber[s.Number] = s
		switch data, ok := c.files[s.File]; {
		case again && other.File == s.File:
		case again:
			return nil, fmt.Errorf("%s is %s, and %s in line %d; which it is depends on conditions, which are not decided: name the other in skip_patches",
				where, s.File, other.File, other.Line)
		case !ok:
			return nil, fmt.Errorf("%s: %s is not in the package; name it in skip_patches if it is not meant for this kernel", where, s.File)
		default:
			text, err := plain(data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.File, err)
			}
			patches = append(patches, patch.Patch{Name: s.File, Text: text})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		if patchName.MatchString(name) && !known[name] && !skipped(name) {
			return nil, fmt.Errorf("%s is in the package, and no Patch of %s lists it; name it in skip_patches if it is not meant for this kernel", name, c.spec)
		}
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("skip_patches names what %s has not: %s", c.spec, list(slices.Sorted(maps.Keys(left))))
	}
	return patches, nil
}

// maxPatch bounds a patch that is compressed.
const maxPatch = 512 << 20

func plain(data []byte) ([]byte, error) {
	r, done, err := decompress(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer done()
	text, err := io.ReadAll(io.LimitReader(r, maxPatch+1))
	if err == nil && len(text) > maxPatch {
		err = fmt.Errorf("more than %d bytes", maxPatch)
	}
	return text, err
}

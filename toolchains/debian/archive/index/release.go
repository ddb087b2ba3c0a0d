// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// Release is what the signed head of a suite says.
type Release struct {
	Origin, Label, Suite, Codename, Version string
	// Date is when the head was made.
	Date time.Time
	// ValidUntil is when it should have been replaced; zero if never.
	ValidUntil time.Time
	// ByHash tells whether the index files can be had under their checksum.
	ByHash                    bool
	Architectures, Components []string
	// Files are the suite's index files by their path below dists/<suite>/.
	Files map[string]Sum
}

// Sum is what the head says about an index file.
type Sum struct {
	SHA256 string
	Size   int64
}

// ParseRelease reads a Release file, or the text of an InRelease file whose
// signature was verified.
func ParseRelease(text []byte) (*Release, error) {
	var s Stanza
	err := ParseStanzas(bytes.NewReader(text), nil, func(x Stanza) error {
		if s != nil {
			return errors.New("more than one paragraph")
		}
		s = x
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("Release file: %w", err)
	}
	r := &Release{
		Origin: s.Get("Origin"), Label: s.Get("Label"), Suite: s.Get("Suite"),
		Codename: s.Get("Codename"), Version: s.Get("Version"),
		ByHash:        s.Get("Acquire-By-Hash") == "yes",
		Architectures: strings.Fields(s.Get("Architectures")),
		Components:    strings.Fields(s.Get("Components")),
		Files:         map[string]Sum{},
	}
	if r.Date, err = date(s, "Date"); err != nil {
		return nil, err
	}
	if r.ValidUntil, err = date(s, "Valid-Until"); err != nil {
		return nil, err
	}
	for line := range strings.Lines(s.Get("SHA256")) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) != 3 {
			return nil, fmt.Errorf("Release file: %q is no entry of SHA256 (wanted checksum, size, name)", strings.TrimSpace(line))
		}
		size, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil || size < 0 || !isSHA256(f[0]) || path.Clean("/" + f[2])[1:] != f[2] {
			return nil, fmt.Errorf("Release file: %q is no entry of SHA256 (wanted checksum, size, name)", strings.TrimSpace(line))
		}
		r.Files[f[2]] = Sum{SHA256: f[0], Size: size}
	}
	if len(r.Files) == 0 {
		return nil, errors.New("Release file: it lists no files under SHA256")
	}
	return r, nil
}

func date(s Stanza, field string) (time.Time, error) {
	v := s.Get(field)
	if v == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC1123, v)
	if err != nil {
		// Some heads have the day of the month without its leading zero.
		t, err = time.Parse("Mon, _2 Jan 2006 15:04:05 MST", v)
	}
	if err != nil {
		return t, fmt.Errorf("Release file: %s %q is no date", field, v)
	}
	return t.UTC(), nil
}

func isSHA256(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

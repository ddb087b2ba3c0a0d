// SPDX-License-Identifier: Apache-2.0

// Package index reads the package indexes of Debian-style archives: the
// signed InRelease file, and the Packages files whose checksums it lists.
// Nothing of an index is believed before the signature over it was verified.
package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
	"github.com/tidelock/tidelock/toolchains/debian/archive/xz"
)

// Heads and indexes are far smaller than these; a mirror that sends more is
// broken or hostile.
const (
	maxRelease  = 16 << 20
	maxPackages = 2 << 30
)

// SuiteArchive tells which archive holds the suite of the given name.
func SuiteArchive(suite string) string {
	if strings.HasSuffix(suite, "-security") {
		return mirror.Security
	}
	return mirror.Debian
}

// Client loads suites from the machine's mirrors.
type Client struct {
	Fetcher *fetch.Fetcher
	Keyring *Keyring
	// Component of the suites, "main" if empty.
	Component string
	// Now is the moment at which heads must be valid, time.Now if nil.
	Now func() time.Time
}

// Suite is a suite's verified head; Packages reads its indexes.
type Suite struct {
	Name, Archive string
	Release       *Release
	// Signer is the fingerprint of the key that signed the head.
	Signer string
	client *Client
}

// GoneError says that no mirror has the suite.
type GoneError struct {
	Suite string
	Err   error
}

func (e *GoneError) Error() string { return fmt.Sprintf("suite %s: %v", e.Suite, e.Err) }
func (e *GoneError) Unwrap() error { return e.Err }

// ExpiredError says that the head is correctly signed but should have been
// replaced by a newer one: the mirror is no longer kept up to date, or someone
// holds back newer packages.
type ExpiredError struct {
	Suite string
	Until time.Time
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("suite %s: its index was valid until %s only: the mirror is out of date (or this machine's clock is wrong)", e.Suite, e.Until.Format(time.RFC3339))
}

// Load reads and verifies the head of a suite. A *GoneError means that the
// mirrors do not have the suite.
func (c *Client) Load(ctx context.Context, suite string) (*Suite, error) {
	s := &Suite{Name: suite, Archive: SuiteArchive(suite), client: c}
	where := "dists/" + suite + "/InRelease"
	data, err := c.Fetcher.Read(ctx, s.Archive, where, maxRelease)
	var absent *fetch.AbsentError
	if errors.As(err, &absent) {
		return nil, &GoneError{Suite: suite, Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("suite %s: %w", suite, err)
	}
	text, signer, err := c.Keyring.Verify(data)
	if err != nil {
		return nil, fmt.Errorf("suite %s: %s:%s: %w", suite, s.Archive, where, err)
	}
	s.Signer = signer
	if s.Release, err = ParseRelease(text); err != nil {
		return nil, fmt.Errorf("suite %s: %w", suite, err)
	}
	// A mirror must not pass off one suite as another.
	if r := s.Release; r.Codename != suite && r.Suite != suite {
		return nil, fmt.Errorf("suite %s: %s:%s is the head of %s (%s)", suite, s.Archive, where, r.Codename, r.Suite)
	}
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	if u := s.Release.ValidUntil; !u.IsZero() && now().After(u) {
		return nil, &ExpiredError{Suite: suite, Until: u}
	}
	return s, nil
}

// Packages reads the index of an architecture and calls f for each entry. A
// suite without that architecture is an error.
func (s *Suite) Packages(ctx context.Context, arch string, f func(*Package) error) error {
	component := s.client.Component
	if component == "" {
		component = "main"
	}
	if len(s.Release.Architectures) > 0 && !slices.Contains(s.Release.Architectures, arch) {
		return fmt.Errorf("suite %s: no architecture %s (it has %s)", s.Name, arch, strings.Join(s.Release.Architectures, ", "))
	}
	name := component + "/binary-" + arch + "/Packages.xz"
	sum, ok := s.Release.Files[name]
	if !ok {
		return fmt.Errorf("suite %s: its head lists no %s", s.Name, name)
	}
	file := "dists/" + s.Name + "/" + name
	if s.Release.ByHash {
		file = "dists/" + s.Name + "/" + component + "/binary-" + arch + "/by-hash/SHA256/" + sum.SHA256
	}
	p, err := s.client.Fetcher.Get(ctx, fetch.File{Archive: s.Archive, Path: file, SHA256: sum.SHA256, Size: sum.Size})
	if err != nil {
		return fmt.Errorf("suite %s: %w", s.Name, err)
	}
	in, err := os.Open(p)
	if err != nil {
		return err
	}
	defer in.Close()
	x, err := xz.NewReader(in)
	if err != nil {
		return fmt.Errorf("suite %s: %s: %w", s.Name, name, err)
	}
	err = ParsePackages(io.LimitReader(x, maxPackages), func(p *Package) error {
		p.Suite, p.Archive = s.Name, s.Archive
		return f(p)
	})
	if err != nil {
		return fmt.Errorf("suite %s: %s: %w", s.Name, name, err)
	}
	return nil
}

// SnapshotAfter is the timestamp under which snapshot.debian.org has what a head
// of that date lists: the next midnight that leaves it half a day to have seen
// the push. It depends on nothing but the date, so that the same indexes give
// the same lock.
func SnapshotAfter(date time.Time) string {
	const day = 24 * time.Hour
	return SnapshotTime(date.UTC().Add(day / 2).Truncate(day).Add(day))
}

// SnapshotTime formats a moment as snapshot.debian.org writes it.
func SnapshotTime(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// list joins a few names for a message.
func list(names []string) string {
	const most = 4
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

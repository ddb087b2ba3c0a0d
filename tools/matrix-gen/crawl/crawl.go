// SPDX-License-Identifier: Apache-2.0

// Package crawl reads which kernels Debian's archives hold out of the signed
// indexes of the machine's mirrors, and lists them in the form of Falco's
// kernel-crawler with the fields that a lock needs beside.
package crawl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// Distribution under whose name the kernels are listed.
const Distribution = "debian"

// releases of Debian whose kernels are supported.
var releases = []string{"bullseye", "bookworm", "trixie"}

// DefaultSuites are the suites that hold kernels: each release's own, its
// updates, its security archive and its backports.
func DefaultSuites() []string {
	var out []string
	for _, r := range releases {
		out = append(out, r, r+"-updates", r+"-security", r+"-backports")
	}
	return out
}

// arches maps the project's names of architectures to Debian's.
var arches = map[string]string{"x86_64": "amd64", "aarch64": "arm64"}

// machines are the architectures in the order in which they are read.
var machines = []string{"x86_64", "aarch64"}

// Options of a crawl.
type Options struct {
	// Client loads the indexes.
	Client *index.Client
	// Suites to read; DefaultSuites if empty.
	Suites []string
	// Log is told what was read and what was passed over.
	Log func(format string, args ...any)
}

// Result of a crawl.
type Result struct {
	// Lists holds the kernels of each architecture by its name.
	Lists map[string]*crawler.List
	// Gone are the suites that no mirror has any more.
	Gone []string
	// Incomplete says which kernels were passed over because a package that
	// they cannot be built without is in no index.
	Incomplete []string
}

// Crawl reads the indexes. Suites that the mirrors no longer have are reported
// in the result; that none is left is an error, and so is everything else that
// would make the result smaller than what the archives hold.
func Crawl(ctx context.Context, o Options) (*Result, error) {
	if len(o.Suites) == 0 {
		o.Suites = DefaultSuites()
	}
	res := &Result{Lists: map[string]*crawler.List{}}
	stock := newStock()
	dates := map[string]time.Time{}
	for _, name := range o.Suites {
		suite, err := o.Client.Load(ctx, name)
		var gone *index.GoneError
		if errors.As(err, &gone) {
			res.Gone = append(res.Gone, name)
			o.Log("%s: passed over, no mirror has it", name)
			continue
		}
		if err != nil {
			return nil, err
		}
		if d := suite.Release.Date; d.After(dates[suite.Archive]) {
			dates[suite.Archive] = d
		}
		for _, m := range machines {
			n, err := stock.read(ctx, suite, m)
			if err != nil {
				return nil, err
			}
			o.Log("%s %s: %d kernel packages, index of %s signed by %s", name, m, n, suite.Release.Date.Format("2006-01-02 15:04"), suite.Signer)
		}
	}
	if len(res.Gone) == len(o.Suites) {
		return nil, fmt.Errorf("no mirror has any of the %d suites; the mirrors are those that apt is configured with and TIDELOCK_DEBIAN_MIRROR", len(o.Suites))
	}
	archives := map[string]crawler.Archive{}
	for id, d := range dates {
		archives[id] = crawler.Archive{Snapshot: index.SnapshotAfter(d)}
	}
	for _, m := range machines {
		entries, incomplete := stock.entries(m)
		res.Incomplete = append(res.Incomplete, incomplete...)
		res.Lists[m] = &crawler.List{
			Arch: m, Archives: archives,
			Distributions: map[string][]crawler.Entry{Distribution: entries},
		}
	}
	return res, nil
}

// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawl"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
	"github.com/tidelock/tidelock/tools/matrix-gen/lock"
)

const crawlHelp = `usage: matrix-gen crawl --output=FOLDER [FLAGS]

Reads which kernels Debian's archives hold out of the indexes of the mirrors that this
machine's apt is configured with, and writes them as lists in kernel-crawler's form, one
per architecture: FOLDER/x86_64.json and FOLDER/aarch64.json. The indexes' signatures are
verified. Packages are named by archive and path, never by a mirror.

Suites that the mirrors no longer have are reported and passed over. A mirror that cannot
be reached, or whose index is out of date, is an error: half a crawl looks like a whole one.
`

func runCrawl(ctx context.Context, e *env, args []string) error {
	fs := e.newFlags("crawl", crawlHelp)
	suites := listFlag{one: crawlSuite}
	fs.Var(&suites, "suites", "`NAMES` of suites, with commas (default "+strings.Join(crawl.DefaultSuites(), ",")+")")
	var (
		output   = fs.String("output", "", "`FOLDER` for the lists; made if need be, each list replaced in one step")
		keyring  = fs.String("keyring", index.DefaultKeyring, "`FILE` with the keys that sign the archive")
		packages = fs.String("package-cache", "", "`FOLDER` for downloads (default ~/.cache/tidelock/packages)")
		partial  = fs.Bool("allow-incomplete", false, "leave out kernels of which the indexes lack a package, and list them")
		dry      = fs.Bool("dry-run", false, "show what was found and write nothing")
	)
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("unexpected argument %q", rest[0])
	}
	if *output == "" && !*dry {
		return usagef("--output is missing: say which folder the lists go to")
	}
	keys, err := index.LoadKeyring(*keyring)
	if err != nil {
		return err
	}
	fetcher, err := fetch.New(fetch.Options{CacheDir: *packages})
	if err != nil {
		return err
	}
	res, err := crawl.Crawl(ctx, crawl.Options{
		Client: &index.Client{Fetcher: fetcher, Keyring: keys}, Suites: suites.words, Log: e.logf,
	})
	if err != nil {
		return err
	}
	for _, text := range res.Incomplete {
		e.logf("incomplete: %s", text)
	}
	if n := len(res.Incomplete); n > 0 && !*partial {
		return fmt.Errorf("%d kernels lack a package (the first: %s); a mirror in the middle of an update heals by itself, otherwise leave them out with --allow-incomplete", n, res.Incomplete[0])
	}
	if err := e.showCrawl(res); err != nil {
		return err
	}
	if *dry {
		return nil
	}
	if err := os.MkdirAll(*output, 0o755); err != nil {
		return err
	}
	for _, arch := range slices.Sorted(maps.Keys(res.Lists)) {
		file := filepath.Join(*output, arch+".json")
		if err := e.output(file, func(w io.Writer) error { return res.Lists[arch].Write(w) }); err != nil {
			return err
		}
		e.logf("wrote %s", file)
	}
	return nil
}

// crawlSuite refuses what cannot be the name of a suite.
func crawlSuite(s string) (string, error) {
	if s == "" || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", fmt.Errorf("%q is no name of a suite (such as trixie or trixie-backports)", s)
	}
	return s, nil
}

// showCrawl prints how many kernels there are of each series and flavour.
func (e *env) showCrawl(res *crawl.Result) error {
	type row struct{ arch, series, flavour string }
	counts := map[row]map[string]bool{}
	total := 0
	for arch, list := range res.Lists {
		for _, entry := range list.Distributions[crawl.Distribution] {
			r := row{arch, lock.Series(entry.Release), crawler.DebianFlavour(entry.Release)}
			if counts[r] == nil {
				counts[r] = map[string]bool{}
			}
			if !counts[r][entry.Release] {
				counts[r][entry.Release] = true
				total++
			}
		}
	}
	rows := slices.SortedFunc(maps.Keys(counts), func(a, b row) int {
		return strings.Compare(a.arch+" "+a.series+" "+a.flavour, b.arch+" "+b.series+" "+b.flavour)
	})
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "architecture\tseries\tflavour\tkernels")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", r.arch, r.series, r.flavour, len(counts[r]))
	}
	fmt.Fprintf(w, "all\t\t\t%d\n", total)
	return w.Flush()
}

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

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawl"
)

const crawlHelp = `usage: matrix-gen crawl [FLAGS]

Reads the signed indexes of the Debian mirrors that apt is configured with (and of
$TIDELOCK_DEBIAN_MIRROR) and writes which kernels there are, one list for each
architecture: FOLDER/x86_64.json and FOLDER/aarch64.json. The lists have the form of
Falco's kernel-crawler, plus checksum, size and role of each package, and name no mirror.
Suites that no mirror has any more are reported and passed over.

  matrix-gen crawl --output=crawl
`

func runCrawl(ctx context.Context, e *env, args []string) error {
	fs := e.newFlags("crawl", crawlHelp)
	var (
		suites  listFlag
		keyring = fs.String("keyring", index.DefaultKeyring, "`FILE` with the keys that sign the archives")
		output  = fs.String("output", "", "`FOLDER` to write the lists to; made if it is not there (required)")
		dry     = fs.Bool("dry-run", false, "read the indexes, report and write nothing")
	)
	fs.Var(&suites, "suite", "`NAMES` of suites, with commas (default "+strings.Join(crawl.DefaultSuites(), ",")+")")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("unexpected argument %q", rest[0])
	}
	if *output == "" && !*dry {
		return usagef("--output is missing: the folder for the lists")
	}
	keys, err := index.LoadKeyring(*keyring)
	if err != nil {
		return err
	}
	fetcher, err := fetch.New(fetch.Options{})
	if err != nil {
		return err
	}
	result, err := crawl.Crawl(ctx, crawl.Options{
		Client: &index.Client{Fetcher: fetcher, Keyring: keys},
		Suites: suites.words,
		Log:    e.logf,
	})
	if err != nil {
		return err
	}
	for _, line := range result.Incomplete {
		e.logf("passed over %s", line)
	}
	if len(result.Gone) > 0 {
		e.logf("no mirror has %s any more", strings.Join(result.Gone, ", "))
	}
	if *output != "" && !*dry {
		if err := os.MkdirAll(*output, 0o755); err != nil {
			return err
		}
	}
	for _, arch := range slices.Sorted(maps.Keys(result.Lists)) {
		list := result.Lists[arch]
		n := 0
		for _, entries := range list.Distributions {
			n += len(entries)
		}
		file := filepath.Join(*output, arch+".json")
		if *dry {
			e.logf("%s: %d kernels; dry run: nothing was written", arch, n)
			continue
		}
		if err := e.output(file, func(w io.Writer) error { return list.Write(w) }); err != nil {
			return fmt.Errorf("the list for %s: %w", arch, err)
		}
		e.logf("%s: %d kernels", file, n)
	}
	return nil
}

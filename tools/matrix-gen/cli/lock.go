// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
	"github.com/tidelock/tidelock/tools/matrix-gen/diff"
	"github.com/tidelock/tidelock/tools/matrix-gen/lock"
	"github.com/tidelock/tidelock/tools/matrix-gen/matrix"
	"github.com/tidelock/tidelock/tools/workspace"
)

// defaultLock is where the lock is, from the top of the source tree.
const defaultLock = "toolchains/kernel/kernels.lock.json"

const lockHelp = `usage: matrix-gen lock --input=LIST [FLAGS]

Pins the kernels of lists ("matrix-gen crawl" makes them; Falco's do too): checks which
packages can still be had, reads release, compiler and configuration out of each header
package, and writes ` + defaultLock + `.

  matrix-gen crawl --output=crawl
  matrix-gen lock --update --skip-missing --input=crawl/x86_64.json --input=crawl/aarch64.json

The same lists give the same file. Downloads are cached and resumed. With --update, kernels
that have left the archives stay in the lock, marked as archived; without it the lock holds
what the lists hold.
`

func runLock(ctx context.Context, e *env, args []string) error {
	fs := e.newFlags("lock", lockHelp)
	var (
		distros  = listFlag{one: crawler.ParseDistribution}
		arches   = listFlag{one: crawler.CanonicalArch}
		inputs   = listFlag{whole: true}
		pattern  = fs.String("kernel-release", "", "`REGEX` that the whole name or the whole release of a kernel must match")
		oldest   = fs.String("oldest", "5.10", "first `SERIES` to lock; older kernels are passed over")
		output   = fs.String("output", "", "lock `FILE` to write; replaced in one step (default "+defaultLock+" of the source tree)")
		update   = fs.Bool("update", false, "keep kernels of the lock that the lists no longer have, as archived")
		shrink   = fs.Bool("allow-shrink", false, "without --update: let kernels of the old lock go")
		skip     = fs.Bool("skip-missing", false, "leave out kernels whose packages cannot be had, and list them")
		dry      = fs.Bool("dry-run", false, "show what would change and write nothing")
		cache    = fs.String("cache", "", "`FOLDER` for what was read out of packages (default ~/.cache/tidelock/kernels)")
		packages = fs.String("package-cache", "", "`FOLDER` for downloads (default ~/.cache/tidelock/packages)")
		parallel = fs.Int("parallel", 6, "how many packages to fetch and read at once")
	)
	fs.Var(&distros, "distro", "`NAMES` of distributions, with commas (default all of the lists)")
	fs.Var(&arches, "arch", "`NAMES` of architectures, with commas (default all of the lists)")
	fs.Var(&inputs, "input", "list to read: a `FILE`, a folder of lists, or a URL; may be repeated")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("unexpected argument %q; lists are given with --input", rest[0])
	}
	if len(inputs.words) == 0 {
		return usagef("--input is missing; \"matrix-gen crawl\" makes a list")
	}
	if *update && *shrink {
		return usagef("--allow-shrink has no meaning with --update, which keeps every kernel")
	}
	if *parallel < 1 || *parallel > 64 {
		return usagef("--parallel must be from 1 to 64")
	}
	if *output == "" {
		top, err := workspace.Top()
		if err != nil {
			return usagef("%v, or give --output", err)
		}
		*output = filepath.Join(top, defaultLock)
	}
	o := lock.Options{
		Distributions: distros.words, Arches: arches.words, Oldest: *oldest, CacheDir: *cache,
		Parallel: *parallel, Log: e.logf, Progress: e.progress(),
	}
	if *pattern != "" {
		if o.Release, err = matrix.CompileRelease(*pattern); err != nil {
			return usagef("--kernel-release: %v", err)
		}
	}
	if o.CacheDir == "" {
		if o.CacheDir, err = lock.DefaultCacheDir(); err != nil {
			return err
		}
	}
	previous, err := previousLock(*output)
	if err != nil {
		return err
	}
	lists, err := readLists(ctx, inputs.words)
	if err != nil {
		return err
	}
	if err := lockTools(&o, lists, *packages); err != nil {
		return err
	}
	file, left, err := lock.Build(ctx, lists, o)
	if err != nil {
		return err
	}
	if err := e.reportLeftOut(left, len(file.Kernels), *skip); err != nil {
		return err
	}
	if previous != nil {
		if *update {
			file = lock.Update(previous, file, lock.Covered(lists, o))
		} else if lost := lock.Lost(previous, file); len(lost) > 0 && !*shrink {
			return fmt.Errorf("%s has %d kernels that the new lock would not have (%s, …); keep them with --update or let them go with --allow-shrink",
				*output, len(lost), strings.Join(lost[:min(3, len(lost))], ", "))
		}
	}
	if len(file.Kernels) == 0 {
		return errors.New("there is no kernel to lock: the lists hold none that the flags select")
	}
	var buf bytes.Buffer
	if err := file.Write(&buf); err != nil {
		return err
	}
	if err := e.showLock(previous, file); err != nil {
		return err
	}
	if *dry {
		e.logf("dry run: %s was not written", *output)
		return nil
	}
	if old, err := os.ReadFile(*output); err == nil && bytes.Equal(old, buf.Bytes()) {
		e.logf("%s is up to date", *output)
		return nil
	}
	return e.output(*output, func(w io.Writer) error {
		_, err := w.Write(buf.Bytes())
		return err
	})
}

// previousLock reads the lock that is to be replaced; nil if there is none.
func previousLock(name string) (*lock.File, error) {
	if name == "-" || name == "" {
		return nil, nil
	}
	f, err := lock.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return f, err
}

func readLists(ctx context.Context, sources []string) ([]*crawler.List, error) {
	files, err := expandFolders(sources)
	if err != nil {
		return nil, err
	}
	var lists []*crawler.List
	for _, source := range files {
		list, err := crawler.Open(ctx, source)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	return lists, nil
}

// lockTools sets up what downloads and asks.
func lockTools(o *lock.Options, lists []*crawler.List, cacheDir string) error {
	snapshots := map[string]string{}
	for _, l := range lists {
		for id, a := range l.Archives {
			snapshots[id] = max(snapshots[id], a.Snapshot)
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() // proxy from the environment
	transport.ResponseHeaderTimeout = time.Minute
	transport.MaxIdleConnsPerHost = 4 * o.Parallel
	o.Client = &http.Client{Transport: transport}
	var err error
	o.Fetcher, err = fetch.New(fetch.Options{
		Sources:  mirror.Discover(mirror.Options{Snapshots: snapshots}),
		CacheDir: cacheDir,
		Parallel: o.Parallel,
	})
	return err
}

// reportLeftOut lists what could not be locked; that is an error unless skip.
func (e *env) reportLeftOut(left []lock.LeftOut, locked int, skip bool) error {
	if len(left) == 0 {
		return nil
	}
	slices.SortFunc(left, func(a, b lock.LeftOut) int { return strings.Compare(a.Key, b.Key) })
	lines := make([]string, len(left))
	for i, l := range left {
		lines[i] = fmt.Sprintf("  %s: %s", l.Key, strings.ReplaceAll(l.Why, "\n", "; "))
	}
	if !skip {
		return fmt.Errorf("%d of %d kernels cannot be locked:\n%s\nleave them out with --skip-missing",
			len(left), len(left)+locked, strings.Join(lines, "\n"))
	}
	e.logf("left out %d of %d kernels:\n%s", len(left), len(left)+locked, strings.Join(lines, "\n"))
	return nil
}

// showLock logs the counts of a lock and what changes in it.
func (e *env) showLock(previous, file *lock.File) error {
	type cell struct{ distribution, series, flavour, arch string }
	counts := map[cell]int{}
	archived := 0
	for _, k := range file.Kernels {
		counts[cell{k.Distribution, k.Series, k.Flavour, k.Arch}]++
		if k.Archived {
			archived++
		}
	}
	var cells []cell
	for c := range counts {
		c.arch = ""
		if !slices.Contains(cells, c) {
			cells = append(cells, c)
		}
	}
	slices.SortFunc(cells, func(a, b cell) int {
		return strings.Compare(a.distribution+" "+sortable(a.series)+" "+a.flavour, b.distribution+" "+sortable(b.series)+" "+b.flavour)
	})
	var buf bytes.Buffer
	w := tabwriter.NewWriter(&buf, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "distribution\tseries\tflavour\tx86_64\taarch64\t")
	for _, c := range cells {
		x, a := c, c
		x.arch, a.arch = "x86_64", "aarch64"
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t\n", c.distribution, c.series, c.flavour, counts[x], counts[a])
	}
	w.Flush()
	e.logf("%s%d kernels (%d archived), %d packages", buf.String(), len(file.Kernels), archived, len(file.Packages))
	if previous == nil {
		return nil
	}
	before, err := diff.FromLock(previous)
	if err != nil {
		return err
	}
	after, err := diff.FromLock(file)
	if err != nil {
		return err
	}
	var table strings.Builder
	if err := diff.Compare(before, after).WriteTable(&table, 20); err != nil {
		return err
	}
	e.logf("against the lock so far: %s", strings.TrimSpace(table.String()))
	return nil
}

// sortable makes "5.10" stand behind "5.4".
func sortable(series string) string {
	words := strings.Split(series, ".")
	for i, w := range words {
		words[i] = fmt.Sprintf("%6s", w)
	}
	return strings.Join(words, ".")
}

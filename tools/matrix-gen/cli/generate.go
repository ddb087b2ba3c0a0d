// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
	"github.com/tidelock/tidelock/tools/matrix-gen/lock"
	"github.com/tidelock/tidelock/tools/matrix-gen/matrix"
)

const generateHelp = `usage: matrix-gen generate --driver-version=VERSION [FLAGS]

Reads lists of kernel-crawler (Falco's or those of "matrix-gen crawl"), one for each
architecture, and prints a JSON list with one element for each kernel:
kversion, distribution, architecture, kernelurls, output, driverversion.

  matrix-gen generate --distro=ubuntu,debian --arch=x86_64 --driver-version=0.1.1 \
    --kernel-release='.*6\.[0-9]+\..*' --input=x86_64.json.gz --output=matrix.json

Without --input the lists that the Falco project publishes are read, or, with --lock,
the kernels of the lock itself. The result is sorted and normalised: lists with the same
content give the same bytes. It goes to standard output; the log goes to standard error.
`

func runGenerate(ctx context.Context, e *env, args []string) error {
	fs := e.newFlags("generate", generateHelp)
	var (
		distros   = listFlag{one: crawler.ParseDistribution}
		arches    = listFlag{one: crawler.CanonicalArch}
		inputs    = listFlag{whole: true}
		previous  = listFlag{whole: true}
		archives  = pairsFlag{}
		shrink    shrinkFlag
		version   = fs.String("driver-version", "", "version of the driver to build (required)")
		pattern   = fs.String("kernel-release", ".*", "`REGEX` that the whole name of a kernel must match")
		lockFile  = fs.String("lock", "", "lock `FILE` that translates the crawler's names to true releases (uname -r)")
		missing   = fs.Bool("allow-missing", false, "accept that a list lacks a distribution, or the lock a kernel")
		outputArg = fs.String("output", "", "`FILE` to write instead of standard output; replaced in one step")
	)
	fs.Var(&distros, "distro", "`NAMES` of distributions, with commas (default "+strings.Join(crawler.Supported, ",")+")")
	fs.Var(&arches, "arch", "`NAMES` of architectures, with commas (default "+strings.Join(crawler.Arches, ",")+")")
	fs.Var(&inputs, "input", "list to read: a `FILE` or a URL, plain or .gz; may be repeated.\n"+
		"The architecture comes from the list or its name, or is given as x86_64=FILE")
	fs.Var(&previous, "previous", "`FILE` or folder with the previous lists or matrix; a distribution\n"+
		"that has fewer kernels now is an error; may be repeated")
	fs.Var(&shrink, "allow-shrink", "accept any loss against --previous, or up to =`PERCENT`")
	fs.Var(archives, "archive-url", "`ID=URL`: base URL that replaces an archive's id in kernelurls; may be repeated")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("unexpected argument %q; lists are given with --input", rest[0])
	}
	if *version == "" {
		return usagef("--driver-version is missing")
	}
	if err := matrix.CheckDriverVersion(*version); err != nil {
		return usagef("--driver-version: %v", err)
	}
	release, err := matrix.CompileRelease(*pattern)
	if err != nil {
		return usagef("--kernel-release: %v", err)
	}
	if len(distros.words) == 0 {
		distros.words = crawler.Supported
		if *lockFile != "" && len(inputs.words) == 0 {
			distros.words = nil // whatever the lock has
		}
	}
	if len(arches.words) == 0 {
		arches.words = crawler.Arches
	}
	options := matrix.Options{
		Distributions: distros.words, Arches: arches.words, DriverVersion: *version, Release: release,
		ArchiveURLs: archives, AllowMissing: *missing, Log: e.logf,
	}
	lists, err := e.generateInputs(ctx, inputs.words, *lockFile, &options)
	if err != nil {
		return err
	}
	elements, counts, err := matrix.Build(lists, options)
	if err != nil {
		return err
	}
	if len(previous.words) > 0 && !shrink.any {
		before, err := e.previous(ctx, previous.words, options)
		if err != nil {
			return err
		}
		if err := matrix.CheckShrink(before, elements, shrink.percent); err != nil {
			return err
		}
	}
	e.showCounts(counts)
	if len(elements) == 0 {
		e.logf("warning: the matrix is empty: no entry with header packages has a kernel whose whole name matches %q; the table above counts what was passed over", *pattern)
	}
	return e.output(*outputArg, func(w io.Writer) error { return matrix.Write(w, elements) })
}

// generateInputs reads the lists to work on.
func (e *env) generateInputs(ctx context.Context, inputs []string, lockFile string, o *matrix.Options) ([]*crawler.List, error) {
	if lockFile != "" {
		l, err := lock.ReadFile(lockFile)
		if err != nil {
			return nil, err
		}
		o.Names = l.Names()
		if len(inputs) == 0 {
			lists := l.Lists()
			if len(o.Distributions) == 0 {
				o.Distributions = distributionsOf(lists)
			}
			return lists, nil
		}
	}
	if len(inputs) == 0 {
		for _, arch := range o.Arches {
			inputs = append(inputs, crawler.PublishedURL(arch))
		}
	}
	var lists []*crawler.List
	for _, in := range inputs {
		list, err := crawler.Open(ctx, in)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	return lists, nil
}

func distributionsOf(lists []*crawler.List) []string {
	var names []string
	for _, l := range lists {
		for d := range l.Distributions {
			if !slices.Contains(names, d) {
				names = append(names, d)
			}
		}
	}
	slices.Sort(names)
	return names
}

// previous reads what an earlier run read or wrote, and selects from it as now.
func (e *env) previous(ctx context.Context, sources []string, o matrix.Options) ([]matrix.Element, error) {
	var (
		lists    []*crawler.List
		elements []matrix.Element
	)
	files, err := expandFolders(sources)
	if err != nil {
		return nil, err
	}
	for _, source := range files {
		if isMatrix(source) {
			more, err := readMatrix(source)
			if err != nil {
				return nil, err
			}
			for _, el := range more {
				if slices.Contains(o.Distributions, el.Distribution) && slices.Contains(o.Arches, el.Architecture) &&
					o.Release.MatchString(el.KVersion) {
					elements = append(elements, el)
				}
			}
			continue
		}
		list, err := crawler.Open(ctx, source)
		if err != nil {
			return nil, fmt.Errorf("the previous list: %w", err)
		}
		lists = append(lists, list)
	}
	o.AllowMissing, o.Log = true, func(string, ...any) {}
	more, _, err := matrix.Build(lists, o)
	if err != nil {
		return nil, fmt.Errorf("the previous list: %w", err)
	}
	return append(elements, more...), nil
}

// expandFolders replaces each folder by the lists in it.
func expandFolders(sources []string) ([]string, error) {
	var files []string
	for _, s := range sources {
		info, err := os.Stat(s)
		if err != nil || !info.IsDir() {
			files = append(files, s) // a file, a URL or ARCH=SOURCE; reading it tells
			continue
		}
		n := len(files)
		for _, pattern := range []string{"*.json", "*.json.gz"} {
			found, err := filepath.Glob(filepath.Join(s, pattern))
			if err != nil {
				return nil, err
			}
			files = append(files, found...)
		}
		if len(files) == n {
			return nil, fmt.Errorf("%s: there is no list (*.json, *.json.gz) in this folder", s)
		}
	}
	return files, nil
}

// isMatrix tells a matrix from a list by its first character.
func isMatrix(file string) bool {
	data, err := os.ReadFile(file)
	return err == nil && bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("["))
}

func readMatrix(file string) ([]matrix.Element, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return matrix.Read(bytes.NewReader(data), file)
}

// showCounts logs what became of the entries.
func (e *env) showCounts(counts map[matrix.Cell]matrix.Count) {
	var buf bytes.Buffer
	w := tabwriter.NewWriter(&buf, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "distribution/arch\tentries\twithout packages\tkernels\tolder builds\tnot in lock\telements\t")
	total := 0
	for _, cell := range matrix.Cells(counts) {
		c := counts[cell]
		fmt.Fprintf(w, "%s/%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n",
			cell.Distribution, cell.Arch, c.Entries, c.NoPackages, c.Kernels, c.Older, c.Unknown, c.Elements)
		total += c.Elements
	}
	fmt.Fprintf(w, "all\t\t\t\t\t\t%d\t\n", total)
	w.Flush()
	e.logf("%s", strings.TrimRight(buf.String(), "\n"))
}

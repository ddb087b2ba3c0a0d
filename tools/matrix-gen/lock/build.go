// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// Options says what to lock.
type Options struct {
	// Fetcher downloads and caches pinned files.
	Fetcher *fetch.Fetcher
	// Client asks servers whether they have a file; http.DefaultClient if nil.
	Client *http.Client
	// CacheDir keeps inspections; "" keeps none.
	CacheDir string
	// Distributions and Arches select kernels; nil selects all.
	Distributions, Arches []string
	// Release selects kernels by the crawler's name or by the true release, as
	// far as the lists tell it; nil selects all.
	Release *regexp.Regexp
	// Oldest is the first series to lock, for example "5.10"; "" locks all.
	Oldest string
	// Parallel is how many files are looked at at once; 6 if zero.
	Parallel int
	// Log receives one line for each decision that a reader may wonder about.
	Log func(format string, args ...any)
	// Progress is told how far a stage has come.
	Progress func(stage string, done, total int)
}

// LeftOut is a kernel of the lists that could not be locked.
type LeftOut struct {
	// Key is distribution/architecture/name.
	Key string
	// Why says why.
	Why string
}

// builder does the work of Build.
type builder struct {
	o     Options
	cache *cache
	probe *prober
	pool  map[string][]crawler.File // packages of host tools by role and name
}

// candidate is a kernel on its way into the lock.
type candidate struct {
	crawler.Kernel
	packages map[string]crawler.Package // by role
	found    *Inspection
	err      error
}

// Build locks the kernels of the lists. Kernels whose packages cannot be had, or
// do not say what is needed, are left out and returned.
func Build(ctx context.Context, lists []*crawler.List, o Options) (*File, []LeftOut, error) {
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Parallel <= 0 {
		o.Parallel = 6
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	b := &builder{o: o, pool: map[string][]crawler.File{}}
	b.probe = &prober{client: o.Client, sources: o.Fetcher.Sources()}
	if o.CacheDir != "" {
		b.cache = &cache{dir: o.CacheDir}
	}
	archives, err := joinArchives(lists)
	if err != nil {
		return nil, nil, err
	}
	candidates, err := b.collect(lists)
	if err != nil {
		return nil, nil, err
	}
	if err := b.choose(ctx, candidates); err != nil {
		return nil, nil, err
	}
	if err := b.inspect(ctx, candidates); err != nil {
		return nil, nil, err
	}
	return b.assemble(archives, candidates)
}

// joinArchives takes the archives of all lists together. Lists of one crawl
// agree; of several the latest moment has the newest files.
func joinArchives(lists []*crawler.List) (map[string]crawler.Archive, error) {
	archives := map[string]crawler.Archive{}
	for _, l := range lists {
		for id, a := range l.Archives {
			if _, err := time.Parse("20060102T150405Z", a.Snapshot); err != nil {
				return nil, fmt.Errorf("the list for %s: the snapshot %q of the archive %s is not of the form 20261120T000000Z", l.Arch, a.Snapshot, id)
			}
			if a.Snapshot > archives[id].Snapshot {
				archives[id] = a
			}
		}
	}
	return archives, nil
}

// collect finds the kernels to lock, each once, sorted by name.
func (b *builder) collect(lists []*crawler.List) ([]*candidate, error) {
	kernels := map[string]crawler.Kernel{}
	old, noPackages := 0, 0
	for _, l := range lists {
		for _, w := range l.Warnings {
			b.o.Log("%s", w)
		}
		for _, distribution := range slices.Sorted(maps.Keys(l.Distributions)) {
			if !b.o.selects(distribution, l.Arch) {
				continue
			}
			for _, e := range l.Distributions[distribution] {
				found, err := e.Kernels(distribution, l.Arch)
				if err != nil {
					return nil, fmt.Errorf("%s/%s: %w", distribution, l.Arch, err)
				}
				if len(found) == 0 {
					noPackages++
				}
				for _, k := range found {
					b.remember(k)
					switch {
					case b.o.Release != nil && !b.o.Release.MatchString(k.Name) && (k.Release == "" || !b.o.Release.MatchString(k.Release)):
					case b.o.older(cmp.Or(k.Release, k.Name)):
						old++
					default:
						b.add(kernels, k)
					}
				}
			}
		}
	}
	if old > 0 {
		b.o.Log("%d kernels are older than %s and were passed over", old, b.o.Oldest)
	}
	if noPackages > 0 {
		b.o.Log("%d entries name no header package and were passed over", noPackages)
	}
	var candidates []*candidate
	for _, key := range slices.Sorted(maps.Keys(kernels)) {
		candidates = append(candidates, &candidate{Kernel: kernels[key]})
	}
	return candidates, nil
}

// add stores a kernel under its true release where the list tells it, so that
// of two builds of one release only the newest is looked at.
func (b *builder) add(kernels map[string]crawler.Kernel, k crawler.Kernel) {
	key := k.Distribution + "/" + k.Arch + "/" + cmp.Or(k.Release, k.Name)
	if before, twice := kernels[key]; twice {
		winner, older := crawler.Newest(before, k)
		if older != nil {
			b.o.Log("%s: %s wins over %s", key, winner.Name, older.Name)
		}
		k = winner
	}
	kernels[key] = k
}

// remember keeps packages of host tools as substitutes for each other: those of
// one name and machine serve every kernel of a series.
func (b *builder) remember(k crawler.Kernel) {
	for _, f := range k.Files {
		if key := poolKey(f); key != "" {
			b.pool[key] = append(b.pool[key], f)
		}
	}
}

func poolKey(f crawler.File) string {
	if !strings.HasPrefix(f.Role, "kbuild_") {
		return ""
	}
	name, _, _ := strings.Cut(f.Name, "_")
	return f.Role + " " + name
}

// Series returns the first two numbers of a release: "6.1", "6.12".
func Series(release string) string {
	words := strings.FieldsFunc(release, func(r rune) bool { return r < '0' || r > '9' })
	if len(words) < 2 {
		return release
	}
	return words[0] + "." + words[1]
}

// choose decides for each kernel which file takes which role: the newest one
// that is still to be had. Files without a checksum get theirs.
func (b *builder) choose(ctx context.Context, candidates []*candidate) error {
	available := b.checker(ctx)
	// Asking costs a round trip and nothing else.
	return b.each(ctx, "checking packages", 4*b.o.Parallel, candidates, func(c *candidate) error {
		c.packages = map[string]crawler.Package{}
		byRole := map[string][]crawler.File{}
		for _, f := range c.Files {
			if f.Role != "" {
				byRole[f.Role] = append(byRole[f.Role], f)
			}
		}
		var notes []string
		for _, role := range slices.Sorted(maps.Keys(byRole)) {
			files := byRole[role]
			slices.SortStableFunc(files, crawler.CompareFiles)
			pkg, err := b.pick(role, files, available)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			switch {
			case err == nil:
				c.packages[role] = pkg
				if !slices.ContainsFunc(files, func(f crawler.File) bool { return f.Name == fileName(pkg) }) {
					notes = append(notes, fmt.Sprintf("no place has %s; locked with %s instead", files[0].Name, fileName(pkg)))
				}
			case !errors.Is(err, errAbsent):
				return err // a place that cannot be asked must not change the lock
			case role == crawler.RoleHeaders || role == crawler.RoleCommon:
				c.err = errors.Join(c.err, fmt.Errorf("no place has %s, which the list names", files[0].Name))
			default:
				notes = append(notes, fmt.Sprintf("no place has %s, which the list names; locked without", files[0].Name))
			}
		}
		if c.packages[crawler.RoleImage].Role == "" {
			delete(c.packages, crawler.RoleModules) // of no use without
		}
		hadTools := len(byRole[crawler.RoleKbuildX8664])+len(byRole[crawler.RoleKbuildAarch64]) > 0
		if hadTools && c.packages[crawler.RoleKbuildX8664].Role == "" && c.packages[crawler.RoleKbuildAarch64].Role == "" {
			c.err = errors.Join(c.err, errors.New("no place has its package of host tools"))
		}
		if len(byRole[crawler.RoleHeaders]) == 0 {
			c.err = errors.New("the list names no header package of its flavour")
		}
		for _, note := range notes {
			if c.err == nil {
				b.o.Log("%s: %s", c.Key(), note)
			}
		}
		return nil
	})
}

// place is a package and where it was found.
type place struct {
	pkg crawler.Package
	at  mirror.Location
	err error
}

// checker returns a function that finds and pins a package, asking for each
// file once. It first tries the package's own place, then its other mirrors.
func (b *builder) checker(ctx context.Context) func(crawler.File) (crawler.Package, error) {
	var (
		mu    sync.Mutex
		known = map[string]func() place{}
	)
	return func(f crawler.File) (crawler.Package, error) {
		mu.Lock()
		once := known[f.Ref()]
		if once == nil {
			once = sync.OnceValue(func() place { return b.locate(ctx, f) })
			known[f.Ref()] = once
		}
		mu.Unlock()
		p := once()
		p.pkg.Role = f.Role
		return p.pkg, p.err
	}
}

func (b *builder) locate(ctx context.Context, f crawler.File) place {
	at, err := b.probe.find(ctx, f.Package)
	pkg := f.Package
	for _, url := range f.Mirrors {
		if err == nil || pkg.Archive != "" {
			break
		}
		pkg.URL = url
		at, err = b.probe.find(ctx, pkg)
	}
	if err == nil && pkg.SHA256 == "" {
		pkg, err = b.pin(ctx, pkg, at)
	}
	return place{pkg, at, err}
}

// pick returns the best of the files for a role that can be had. If none can,
// a package of host tools may be replaced by one of another version.
func (b *builder) pick(role string, files []crawler.File, available func(crawler.File) (crawler.Package, error)) (crawler.Package, error) {
	var substitutes []crawler.File
	for _, f := range files {
		substitutes = append(substitutes, b.pool[poolKey(f)]...)
	}
	slices.SortStableFunc(substitutes, crawler.CompareFiles)
	err := errAbsent
	for _, f := range slices.Concat(files, substitutes) {
		f.Role = role
		pkg, e := available(f)
		if e == nil {
			return pkg, nil
		}
		if !errors.Is(e, errAbsent) {
			err = e
		}
	}
	return crawler.Package{}, err
}

// inspect reads the header packages.
func (b *builder) inspect(ctx context.Context, candidates []*candidate) error {
	return b.each(ctx, "reading header packages", b.o.Parallel, candidates, func(c *candidate) error {
		if c.err != nil {
			return nil
		}
		headers := c.packages[crawler.RoleHeaders]
		name := fileName(headers)
		read := func() (*Inspection, error) {
			path, err := b.o.Fetcher.Get(ctx, fetch.File{
				Archive: headers.Archive, Path: headers.Path, URL: headers.URL, SHA256: headers.SHA256, Size: headers.Size,
			})
			if err != nil {
				return nil, &fetchError{err}
			}
			return Inspect(path, FormatOf(name))
		}
		found, err := b.cache.inspection(headers.SHA256, read)
		var failed *fetchError
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &failed) && !fetch.IsNotFound(failed.error):
			return failed.error
		case err != nil:
			c.err = fmt.Errorf("%s: %w", name, err)
		case found.Arch != c.Arch:
			c.err = fmt.Errorf("%s is for %s, but the list says %s", name, found.Arch, c.Arch)
		default:
			c.found = found
			if c.Kernel.Release != "" && c.Kernel.Release != found.Release {
				b.o.Log("%s: its packages are named for %s, but the kernel calls itself %s", c.Key(), c.Kernel.Release, found.Release)
			}
		}
		return nil
	})
}

// fetchError tells a failed download from a package that cannot be read.
type fetchError struct{ error }

func (e *fetchError) Unwrap() error { return e.error }

// each calls f for all candidates, several at once, and stops at an error.
func (b *builder) each(ctx context.Context, stage string, parallel int, candidates []*candidate, f func(*candidate) error) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
		done  int
		next  = make(chan *candidate)
	)
	for range min(parallel, len(candidates)) {
		wg.Go(func() {
			for c := range next {
				err := f(c)
				mu.Lock()
				if err != nil && first == nil {
					first = err
				}
				done++
				b.o.Progress(stage, done, len(candidates))
				mu.Unlock()
			}
		})
	}
	for _, c := range candidates {
		mu.Lock()
		stop := first != nil
		mu.Unlock()
		if stop || ctx.Err() != nil {
			break
		}
		next <- c
	}
	close(next)
	wg.Wait()
	if first != nil {
		return first
	}
	return context.Cause(ctx)
}

// fileName is the key of a package in a lock.
func fileName(p crawler.Package) string {
	return fetch.File{Archive: p.Archive, Path: p.Path, URL: p.URL}.Name()
}

// Kbuild values.
const (
	KbuildPackaged = "packaged"
	KbuildRebuild  = "rebuild"
)

// assemble writes the kernels down.
func (b *builder) assemble(archives map[string]crawler.Archive, candidates []*candidate) (*File, []LeftOut, error) {
	file := &File{Schema: Schema, Archives: archives, Packages: map[string]Package{}}
	var left []LeftOut
	best := map[string]*candidate{} // by true key
	for _, c := range candidates {
		if c.err != nil {
			left = append(left, LeftOut{c.Key(), c.err.Error()})
			continue
		}
		key := c.Distribution + "/" + c.Arch + "/" + c.found.Release
		if before := best[key]; before != nil {
			winner, older := before, c
			if k, _ := crawler.Newest(before.Kernel, c.Kernel); k.Name == c.Name {
				winner, older = c, before
			}
			b.o.Log("%s: %s wins over %s", key, winner.Name, older.Name)
			c = winner
		}
		best[key] = c
	}
	for _, key := range slices.Sorted(maps.Keys(best)) {
		k, err := best[key].lock(file.Packages)
		if err != nil {
			return nil, nil, err
		}
		file.Kernels = append(file.Kernels, k)
	}
	return file, left, nil
}

// lock makes the entry and adds its packages.
func (c *candidate) lock(packages map[string]Package) (Kernel, error) {
	headers := fileName(c.packages[crawler.RoleHeaders])
	k := Kernel{
		Distribution: c.Distribution, Arch: c.Arch, Release: c.found.Release, Alias: c.Name,
		Version: cmp.Or(c.Kernel.Version, packageVersion(headers)), Series: Series(c.found.Release),
		Format: FormatOf(headers), Kbuild: KbuildRebuild,
		Compiler: c.found.Compiler, Config: c.found.Config, Packages: map[string]string{},
	}
	k.Flavour = flavour(c.Kernel, k)
	for _, role := range slices.Sorted(maps.Keys(c.packages)) {
		p := c.packages[role]
		name := fileName(p)
		pkg := Package{Archive: p.Archive, Path: p.Path, URL: p.URL, SHA256: p.SHA256, Size: p.Size}
		if old, ok := packages[name]; ok {
			if old.SHA256 != pkg.SHA256 {
				return k, fmt.Errorf("two different files are called %s: %s and %s", name, old.file(name).Ref(), p.Ref())
			}
			if crawler.CompareFiles(old.file(name), pkg.file(name)) < 0 {
				pkg = old // the same file in two places: always the same one
			}
		}
		packages[name] = pkg
		k.Packages[role] = name
		if strings.HasPrefix(role, "kbuild_") {
			k.Kbuild = KbuildPackaged
		}
	}
	return k, nil
}

// file returns the package in the form in which lists have it.
func (p Package) file(name string) crawler.File {
	return crawler.File{Name: name, Package: crawler.Package{
		Archive: p.Archive, Path: p.Path, URL: p.URL, SHA256: p.SHA256, Size: p.Size,
	}}
}

// rpmName takes kernel-devel-6.1.12-17.42.amzn2023.x86_64.rpm apart.
var rpmName = regexp.MustCompile(`-(\d[^-]*-[^-]+)\.[^.]+\.rpm$`)

func packageVersion(name string) string {
	if m := rpmName.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return crawler.File{Name: name}.Version()
}

// flavour names the kind of kernel among those of its distribution.
func flavour(from crawler.Kernel, k Kernel) string {
	switch {
	case k.Distribution == "debian":
		return crawler.DebianFlavour(k.Release)
	case from.Flavour != "":
		return from.Flavour
	}
	// Fedora and its relatives: 6.12.0-55.el10.aarch64+64k, …+rt, …+debug
	if _, suffix, ok := strings.Cut(k.Release, "+"); ok && suffix != "" {
		if _, err := strconv.Atoi(suffix); err != nil && plainName(suffix) {
			return suffix
		}
	}
	if k.Config["PREEMPT_RT"] == "y" {
		return "rt"
	}
	return "generic"
}

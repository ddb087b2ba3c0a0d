// SPDX-License-Identifier: Apache-2.0

// Package fetch downloads files that are pinned by checksum into a
// content-addressed cache. A file is tried at each of its places in turn, a
// broken download is taken up where it broke, and nothing enters the cache
// under its final name before its checksum was seen to be right.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
)

// File is a pinned file: where it is and what it must be.
type File struct {
	// Archive and Path say where the file is in one of Debian's archives.
	Archive, Path string
	// URL is the address of a file that is in no archive; Archive and Path
	// are then empty.
	URL string
	// SHA256 is the checksum in lower-case hexadecimal.
	SHA256 string
	// Size in bytes; 0 if it is not known.
	Size int64
}

// Name is the file's base name, as messages and distdirs use it.
func (f File) Name() string {
	if f.URL != "" {
		name, _, _ := strings.Cut(f.URL, "?")
		return path.Base(name)
	}
	return path.Base(f.Path)
}

// Event is a step of a download, for progress displays.
type Event struct {
	File File
	// Received counts the bytes that this run downloaded of the file.
	Received int64
	// Done is set once per file, at its end.
	Done bool
	// Cached is set with Done when nothing had to be downloaded.
	Cached bool
	// Err is set with Done when the file could not be had.
	Err error
}

// Options of a Fetcher; the zero value serves this machine.
type Options struct {
	// Sources are the places to try; those of mirror.Discover if nil.
	Sources *mirror.Sources
	// CacheDir holds sha256/<first two digits>/<checksum>; DefaultCacheDir
	// if empty.
	CacheDir string
	// Client does the requests; one that honours the environment's proxy
	// if nil.
	Client *http.Client
	// Parallel bounds the number of downloads at the same time; 6 if zero.
	Parallel int
	// Attempts is how often one place is asked before it is given up as
	// unreachable; 4 if zero.
	Attempts int
	// Backoff is the pause before the second attempt, doubled for each
	// further one; one second if zero.
	Backoff time.Duration
	// Stall is how long a connection may say nothing; 60 s if zero.
	Stall time.Duration
	// Progress is told of each step, from several goroutines but never from
	// two at once.
	Progress func(Event)
}

// Fetcher fetches pinned files. It is safe for use by several goroutines, and
// several processes may share its cache.
type Fetcher struct {
	o        Options
	progress sync.Mutex
}

// DefaultCacheDir is where packages are kept: ${XDG_CACHE_HOME:-~/.cache}/tidelock/packages.
func DefaultCacheDir() (string, error) {
	d, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the package cache: %w; set XDG_CACHE_HOME or HOME", err)
	}
	return filepath.Join(d, "tidelock", "packages"), nil
}

// New makes a Fetcher.
func New(o Options) (*Fetcher, error) {
	if o.Sources == nil {
		o.Sources = mirror.Discover(mirror.Options{})
	}
	if o.CacheDir == "" {
		d, err := DefaultCacheDir()
		if err != nil {
			return nil, err
		}
		o.CacheDir = d
	}
	if o.Client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone() // proxy from the environment
		t.ResponseHeaderTimeout = time.Minute
		t.MaxIdleConnsPerHost = 16
		t.DisableCompression = true
		o.Client = &http.Client{Transport: t}
	}
	if o.Parallel <= 0 {
		o.Parallel = 6
	}
	if o.Attempts <= 0 {
		o.Attempts = 4
	}
	if o.Backoff <= 0 {
		o.Backoff = time.Second
	}
	if o.Stall <= 0 {
		o.Stall = time.Minute
	}
	return &Fetcher{o: o}, nil
}

// Sources returns the places that this Fetcher tries.
func (f *Fetcher) Sources() *mirror.Sources { return f.o.Sources }

// Path is where the file with the given checksum is in the cache.
func (f *Fetcher) Path(sha256 string) string {
	return filepath.Join(f.o.CacheDir, "sha256", sha256[:2], sha256)
}

// Get returns the path of the file in the cache, after downloading it if it is
// not there yet. Errors are *NotFoundError, *ChecksumError, *DiskError,
// *UnreachableError, a context's error, or a plain one for a malformed File.
func (f *Fetcher) Get(ctx context.Context, file File) (string, error) {
	p, received, cached, err := f.get(ctx, file)
	f.tell(Event{File: file, Received: received, Done: true, Cached: cached, Err: err})
	return p, err
}

// GetAll gets the files in parallel. For each one done is called with its
// index and its path in the cache, or its error; calls may overlap. When done
// returns an error no further file is started, and that error is returned.
func (f *Fetcher) GetAll(ctx context.Context, files []File, done func(i int, path string, err error) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(f.o.Parallel, len(files)) {
		wg.Go(func() {
			for i := range next {
				p, err := f.Get(ctx, files[i])
				if ctx.Err() != nil {
					continue
				}
				if err := done(i, p, err); err != nil {
					cancel(err)
				}
			}
		})
	}
feed:
	for i := range files {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// First is a done function for GetAll that stores the paths and stops at the
// first error.
func First(paths []string) func(int, string, error) error {
	return func(i int, p string, err error) error {
		paths[i] = p
		return err
	}
}

func (f *Fetcher) tell(e Event) {
	if f.o.Progress == nil {
		return
	}
	f.progress.Lock()
	defer f.progress.Unlock()
	f.o.Progress(e)
}

func (f *Fetcher) locate(file File) []mirror.Location {
	if file.URL != "" {
		return f.o.Sources.LocateURL(file.URL)
	}
	return f.o.Sources.Locate(file.Archive, file.Path)
}

func (f *Fetcher) get(ctx context.Context, file File) (p string, received int64, cached bool, err error) {
	if err := check(file); err != nil {
		return "", 0, false, err
	}
	p = f.Path(file.SHA256)
	if hit(p, file) {
		return p, 0, true, nil
	}
	part, err := openPart(ctx, p+".part")
	if err != nil {
		return "", 0, false, diskError(p, err)
	}
	defer part.close()
	if hit(p, file) { // another process was faster
		return p, 0, true, nil
	}
	d := &download{f: f, file: file, part: part}
	err = d.run(ctx)
	if err == nil {
		err = part.publish(p)
	}
	if err != nil {
		return "", d.received, false, err
	}
	return p, d.received, d.received == 0, nil
}

// hit tells whether the cache holds the file. The checksum was compared before
// the file got its name; the size tells when a crash of the machine cut it.
func hit(p string, file File) bool {
	st, err := os.Stat(p)
	return err == nil && st.Mode().IsRegular() && (file.Size == 0 || st.Size() == file.Size)
}

func check(file File) error {
	if len(file.SHA256) != 64 || strings.Trim(file.SHA256, "0123456789abcdef") != "" {
		return fmt.Errorf("%s: %q is not a sha256 in lower-case hexadecimal", file.Name(), file.SHA256)
	}
	if file.Size < 0 {
		return fmt.Errorf("%s: size %d", file.Name(), file.Size)
	}
	if file.URL != "" {
		if file.Archive != "" || file.Path != "" {
			return fmt.Errorf("%s: has both an address and a path in an archive", file.Name())
		}
		return nil
	}
	if !mirror.Known(file.Archive) {
		return fmt.Errorf("%s: unknown archive %q (known: %s)", file.Name(), file.Archive, strings.Join(mirror.Archives, ", "))
	}
	if !filepath.IsLocal(file.Path) || path.Clean(file.Path) != file.Path {
		return fmt.Errorf("path %q does not lead into the archive %s", file.Path, file.Archive)
	}
	return nil
}

// IsNotFound tells whether err says that a file is gone from everywhere, as
// opposed to a place that could not be reached.
func IsNotFound(err error) bool {
	var e *NotFoundError
	return errors.As(err, &e)
}

// SPDX-License-Identifier: Apache-2.0

package report

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tidelock/tidelock/vmtest/verdict"
)

// maxFile bounds what is read of one file. A result has the output of each test
// case in it, of which the runner takes 8 MiB.
const maxFile = 64 << 20

// resultFile and consoleFile are names that the runner gives.
const (
	resultFile  = "result.json"
	consoleFile = "console.log"
	zipFile     = "outputs.zip"
)

// outputs are what a test left in its folder for outputs, which Bazel may have
// put into an archive.
type outputs struct {
	dir     string
	archive *zip.ReadCloser // nil: the files lie in dir
}

// openOutputs opens the outputs of a test. A broken archive is an error.
func openOutputs(dir string) (*outputs, error) {
	o := &outputs{dir: filepath.Join(dir, "test.outputs")}
	r, err := zip.OpenReader(filepath.Join(o.dir, zipFile))
	switch {
	case err == nil:
		o.archive = r
	case !errors.Is(err, fs.ErrNotExist):
		return o, fmt.Errorf("%s: %w", zipFile, err)
	}
	return o, nil
}

func (o *outputs) close() {
	if o.archive != nil {
		o.archive.Close()
	}
}

// read returns a file and its time. Of a larger one than maxFile it has the end
// if fromEnd is set; otherwise that is an error.
func (o *outputs) read(name string, fromEnd bool) ([]byte, time.Time, error) {
	var r io.ReadCloser
	var size int64
	file := filepath.Join(o.dir, name)
	if o.archive != nil {
		file = filepath.Join(o.dir, zipFile)
		i := slices.IndexFunc(o.archive.File, func(f *zip.File) bool { return f.Name == name })
		if i < 0 {
			return nil, time.Time{}, fmt.Errorf("%s in %s: %w", name, zipFile, fs.ErrNotExist)
		}
		f, err := o.archive.File[i].Open()
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("%s in %s: %w", name, zipFile, err)
		}
		r, size = f, int64(min(o.archive.File[i].UncompressedSize64, 1<<62))
	} else {
		f, err := openRegular(file)
		if err != nil {
			return nil, time.Time{}, err
		}
		r = f
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		if fromEnd && size > maxText {
			if _, err := f.Seek(-maxText, io.SeekEnd); err != nil {
				return nil, time.Time{}, err
			}
			size = maxText
		}
	}
	defer r.Close()
	if size > maxFile {
		return nil, fileTime(file), fmt.Errorf("%s has %d bytes, and at most %d are read", name, size, maxFile)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFile))
	return data, fileTime(file), err
}

// openRegular opens a file, and nothing that could make a reader wait.
func openRegular(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", filepath.Base(name))
	}
	return os.Open(name)
}

// files lists the files that a reader may want to open, in order.
func (o *outputs) files() []string {
	if o.archive != nil {
		return []string{filepath.Join(o.dir, zipFile)}
	}
	entries, _ := os.ReadDir(o.dir) // no folder, no files
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, filepath.Join(o.dir, e.Name()))
		}
	}
	// The console first: it is what most readers want.
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names
}

func rank(file string) int {
	if isConsole(filepath.Base(file)) {
		return 0
	}
	return 1
}

// isConsole tells whether a file is the console of a guest: console.log, or that of
// a role.
func isConsole(name string) bool {
	return name == consoleFile || strings.HasSuffix(name, "."+consoleFile)
}

// tails keeps the ends of the logs that say most of a result that is bad: the
// consoles of the guests that failed, and without a result what the runner wrote too.
func (c *Cell) tails(o *outputs, logFile string) {
	var names []string
	if c.Roles == nil {
		names = []string{consoleFile}
	}
	for _, r := range c.Roles {
		// Who passed, or was ended because another failed, has nothing to say.
		if r.Class != verdict.Pass && !r.Follows {
			names = append(names, r.consoleFile())
		}
	}
	if c.Class == NoResult {
		if f, err := openRegular(logFile); err == nil {
			if info, err := f.Stat(); err == nil && info.Size() > maxText {
				f.Seek(-maxText, io.SeekEnd) // where that fails, the beginning is read
			}
			data, _ := io.ReadAll(io.LimitReader(f, maxText))
			f.Close()
			c.addTail("test.log", data)
		}
	}
	for _, name := range names {
		if text, _, err := o.read(name, true); err == nil {
			c.addTail(name, text)
		}
	}
}

func (c *Cell) addTail(name string, text []byte) {
	if t := tail(string(text), tailLines); t != "" {
		c.Tails = append(c.Tails, Tail{name, t})
	}
}

// fileTime is when a file was written, in whole seconds of UTC; zero if that is
// not known.
func fileTime(name string) time.Time {
	info, err := os.Stat(name)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime().UTC().Truncate(time.Second)
}

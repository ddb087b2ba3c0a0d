// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/lockfile"
	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
	"github.com/tidelock/tidelock/tools/bazelboot/debs"
)

// Debian's names of architectures.
var debianArch = map[string]string{"amd64": "amd64", "arm64": "arm64"}

// lock returns the packages to install.
func (a *assembly) lock() (*lockfile.File, error) {
	if a.Resolve == Newest {
		return resolve(a.Options, filepath.Join(a.work, "apt"))
	}
	file := filepath.Join(a.Source, "packages.lock.json")
	l, err := debs.ReadLock(file)
	if err != nil {
		return nil, err
	}
	if !debs.Serves(l, debianArch[runtime.GOARCH]) {
		return nil, fmt.Errorf("%s has no packages for %s: install Bazel %s or bazelisk, or %s", filepath.Base(file), runtime.GOARCH, a.Version, howNewest)
	}
	return l, nil
}

const howNewest = "let `tools/bazel --bootstrap=newest` (or TIDELOCK_BAZEL_RESOLVE=newest) take the newest Bazel 7 of this machine's Debian mirror"

func resolve(o Options, dir string) (*lockfile.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	major, _, _ := strings.Cut(o.Version, ".")
	r := debs.Resolver{Dir: dir, Sources: mirror.Discover(mirror.Options{}), Snapshot: o.Snapshot, Major: major, Log: o.Log}
	return r.Resolve()
}

func writeLock(o Options, file string) error {
	dir, err := os.MkdirTemp("", "bazelboot")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := resolve(o, dir)
	if err != nil {
		return err
	}
	return l.Write(file)
}

// unpack fetches the packages and unpacks each as soon as it is there.
func (a *assembly) unpack(ctx context.Context, lock *lockfile.File) error {
	tools := filepath.Join(a.work, "patchelf")
	if err := os.Mkdir(tools, 0o755); err != nil {
		return err
	}
	sources := mirror.Discover(mirror.Options{Snapshots: lock.Snapshots()})
	packages := append(lock.Of(debs.RootBazel), lock.Of(debs.RootPatchelf)...)
	if err := aptNames(sources, packages, filepath.Join(a.work, "names")); err != nil {
		return err
	}
	first := len(lock.Of(debs.RootBazel))
	files := make([]fetch.File, len(packages))
	for i, p := range packages {
		files[i] = p.File()
	}
	fetcher, err := fetch.New(fetch.Options{Sources: sources, Progress: newProgress(a.log, files).event})
	if err != nil {
		return err
	}
	busy := make(chan struct{}, runtime.NumCPU()) // unpacking is work, waiting is not
	return fetcher.GetAll(ctx, files, func(i int, file string, err error) error {
		if err != nil {
			return gone(err, packages[i])
		}
		busy <- struct{}{}
		defer func() { <-busy }()
		to := a.root
		if i >= first {
			to = tools
		}
		if err := debs.Unpack(file, to); err != nil {
			return fmt.Errorf("unpacking %s: %w", packages[i].Name, err)
		}
		return nil
	})
}

// aptNames lets packages be found in the distdirs under the names that apt
// gives them: dir gets links with the names that the archive has for them.
func aptNames(sources *mirror.Sources, packages []lockfile.Package, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, p := range packages {
		base := filepath.Base(p.Path)
		if debs.AptName(p) == base {
			continue
		}
		for _, d := range sources.Distdirs {
			file, err := filepath.Abs(filepath.Join(d, debs.AptName(p)))
			if err != nil {
				return err
			}
			if _, err := os.Stat(file); err != nil {
				continue
			}
			if err := os.Symlink(file, filepath.Join(dir, base)); err != nil {
				return err
			}
			break
		}
	}
	sources.Distdirs = append(sources.Distdirs, dir)
	return nil
}

// gone adds the package's name, and the way out where no place gave it, to the
// error of a pinned package.
func gone(err error, p lockfile.Package) error {
	var absent *fetch.NotFoundError
	var silent *fetch.UnreachableError
	if !errors.As(err, &absent) && !errors.As(err, &silent) {
		return fmt.Errorf("%s %s: %w", p.Name, p.Version, err)
	}
	return fmt.Errorf("the package %s %s, which tools/bazelboot/packages.lock.json pins, cannot be had: %w\nTo go on without the pinned packages, %s",
		p.Name, p.Version, err, howNewest)
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}

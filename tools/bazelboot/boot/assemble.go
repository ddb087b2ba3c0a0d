// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/tidelock/tidelock/tools/bazelboot/jars"
	"github.com/tidelock/tidelock/tools/bazelboot/modules"
	"github.com/tidelock/tidelock/tools/bazelboot/rc"
	"github.com/tidelock/tidelock/tools/bazelboot/relocate"
	"github.com/tidelock/tidelock/tools/bazelboot/truststore"
)

// Bazel's own folder below the prefix.
const installBase = "usr/share/bazel"

// tcnativeJar lets Netty do TLS by OpenSSL.
const tcnativeJar = "/usr/share/java/netty-tcnative.jar"

// Start is the program below the prefix that starts Bazel. It is written last,
// and the folder gets its name when all is in it.
const Start = "bazel"

// Assemble makes the folder o.Prefix, unless it is there. It works in a folder
// beside it and renames that at the end, so what has the name is complete,
// whenever this program was killed. Of several started at once one works and
// the others wait for it.
func Assemble(ctx context.Context, o Options, log *logger) error {
	parent := filepath.Dir(o.Prefix)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	unlock, err := lockFile(filepath.Join(parent, "lock"), log)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(o.Prefix, Start)); err == nil {
		return nil // another process was first
	}
	if err := checkSpace(parent); err != nil {
		return err
	}
	work := o.Prefix + ".part"
	defer os.RemoveAll(work)
	if err := errors.Join(os.RemoveAll(work), os.RemoveAll(o.Prefix)); err != nil {
		return err
	}
	root := filepath.Join(work, "root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	a := assembly{Options: o, log: log, work: work, root: root}
	if err := a.run(ctx); err != nil {
		return err
	}
	if err := os.Rename(root, o.Prefix); err != nil {
		return err
	}
	log.printf("Bazel %s is in %s", o.Version, o.Prefix)
	return nil
}

// lockFile waits until no other process works in the folder. The kernel lets
// go of the lock when its holder dies.
func lockFile(name string, log *logger) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	fd := int(f.Fd())
	if syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		log.printf("another start puts Bazel together; waiting for it")
		if err := syscall.Flock(fd, syscall.LOCK_EX); err != nil {
			f.Close()
			return nil, fmt.Errorf("locking %s: %w", name, err)
		}
	}
	return func() { f.Close() }, nil
}

func checkSpace(dir string) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return nil // the writes will tell
	}
	if free := int64(st.Bavail) * st.Bsize; free < prefixBytes {
		return fmt.Errorf("%w: %d MB are free", syscall.ENOSPC, free>>20)
	}
	return nil
}

// assembly is one folder in the making.
type assembly struct {
	Options
	log  *logger
	work string // everything temporary
	root string // what becomes the prefix
}

func (a *assembly) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var fromDebian, fromGo error
	wg.Go(func() {
		if fromDebian = a.packages(ctx); fromDebian != nil {
			cancel()
		}
	})
	wg.Go(func() {
		if fromGo = a.modules(ctx); fromGo != nil {
			cancel()
		}
	})
	wg.Wait()
	// The error that came first makes the other side end with "canceled".
	if errors.Is(fromDebian, context.Canceled) && fromGo != nil {
		return fromGo
	}
	if err := errors.Join(fromDebian, fromGo); err != nil {
		return err
	}
	return a.finish()
}

// packages turns Debian packages into a Bazel that runs below the prefix.
func (a *assembly) packages(ctx context.Context) error {
	lock, err := a.lock()
	if err != nil {
		return err
	}
	if err := a.unpack(ctx, lock); err != nil {
		return err
	}
	a.Log("unpacked")
	layout, err := relocate.Find(a.root)
	if err != nil {
		return err
	}
	patchelf := filepath.Join(a.work, "patchelf", "usr/bin/patchelf")
	if err := layout.Programs(a.root, a.Prefix, patchelf); err != nil {
		return err
	}
	if err := relocate.Links(a.root, a.Prefix); err != nil {
		return err
	}
	base := filepath.Join(a.root, installBase)
	if err := (jars.Folder{Root: a.root, Final: a.Prefix}).Close(filepath.Join(base, "bazel_classpath_debian_depends.txt"), tcnativeJar); err != nil {
		return err
	}
	// Java looks for its native halves in the install base only. Without that of
	// zstd the first .tar.zst would end the server, without that of Netty there is
	// no grpcs://.
	for from, to := range map[string]string{
		"libzstd-jni.so":           "libzstd-jni.so",
		"jni/libnetty-tcnative.so": "libnetty_tcnative.so", // Debian's name is not what Netty asks for
	} {
		if err := copyFile(filepath.Join(a.root, layout.Lib, from), filepath.Join(base, to)); err != nil {
			return err
		}
	}
	if err := a.label(base); err != nil {
		return err
	}
	pem, err := truststore.Host()
	if err != nil {
		return err
	}
	return errors.Join(
		os.Symlink(filepath.Join(a.Prefix, layout.JVM), filepath.Join(a.root, "jvm")),
		os.WriteFile(filepath.Join(a.root, "cacerts.jks"), truststore.JKS(pem, time.Now()), 0o644),
	)
}

// label tells Bazel its version, which Debian's build leaves out of the jar: a
// rule that asks would get none and take it for a version far in the future.
func (a *assembly) label(base string) error {
	version, err := os.ReadFile(filepath.Join(base, "build-label.txt"))
	if err != nil {
		return err
	}
	dir := filepath.Join(a.root, "label")
	return errors.Join(
		os.Mkdir(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "build-data.properties"), append([]byte("build.label="), version...), 0o644),
	)
}

func (a *assembly) modules(ctx context.Context) error {
	lock, err := modules.ReadLock(filepath.Join(a.Source, "modules.lock"))
	if err != nil {
		return err
	}
	dir := filepath.Join(a.root, rc.ModulesDir)
	if err := modules.Install(ctx, lock, runtime.GOARCH, dir, filepath.Join(a.root, rc.DistDir), a.Log); err != nil {
		return err
	}
	return modules.StandIns(filepath.Join(a.Source, "stubs"), dir)
}

// finish does what needs both the packages and the modules.
func (a *assembly) finish() error {
	if err := modules.Features(filepath.Join(a.root, installBase, "tools/features"), filepath.Join(a.root, rc.ModulesDir, "bazel_features")); err != nil {
		return err
	}
	registry := filepath.Join(a.root, rc.RegistryDir)
	if err := errors.Join(
		os.Mkdir(registry, 0o755),
		os.WriteFile(filepath.Join(registry, "bazel_registry.json"), []byte("{}\n"), 0o644),
		os.WriteFile(filepath.Join(a.root, rc.Downloader), []byte(rc.DownloaderConfig(goproxy())), 0o644),
		os.WriteFile(filepath.Join(a.root, "bazelrc"), []byte(rc.Bazelrc(a.Prefix)), 0o644),
	); err != nil {
		return err
	}
	for _, f := range rc.Folders() {
		if _, err := os.Stat(filepath.Join(a.root, f)); err != nil {
			return fmt.Errorf("the packages are not complete: %w", err)
		}
	}
	return os.WriteFile(filepath.Join(a.root, Start), []byte(startScript(a.Prefix)), 0o755)
}

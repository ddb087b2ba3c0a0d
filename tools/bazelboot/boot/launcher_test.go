// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// launcher is a copy of tools/bazel in a tree with nothing else in it.
type launcher struct {
	t    *testing.T
	root string
	path string // PATH of the run
	env  []string
}

func newLauncher(t *testing.T) *launcher {
	t.Helper()
	l := &launcher{t: t, root: t.TempDir(), path: "/usr/bin:/bin"}
	text, err := os.ReadFile("../../bazel")
	if err != nil {
		t.Fatal(err)
	}
	l.write("tools/bazel", string(text))
	l.write(".bazelversion", "7.7.1\n")
	l.write("tools/bazelboot/packages.lock.json", "{}")
	return l
}

func (l *launcher) write(name, text string) string {
	l.t.Helper()
	file := filepath.Join(l.root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
		l.t.Fatal(err)
	}
	return file
}

// program makes a program that says what it is and what it was given.
func (l *launcher) program(name, version string) string {
	return l.write(name, `#!/bin/sh
if [ "$1" = --version ]; then echo "bazel `+version+`"; exit; fi
echo "`+filepath.Base(filepath.Dir(name))+`/`+filepath.Base(name)+`: $*"
`)
}

func (l *launcher) run(args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(l.root, "tools/bazel"), args...)
	cmd.Env = append([]string{"PATH=" + l.path, "HOME=" + filepath.Join(l.root, "home"), "GOPROXY=off"}, l.env...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (l *launcher) expect(want string, args ...string) {
	l.t.Helper()
	if out, err := l.run(args...); err != nil || out != want {
		l.t.Errorf("%v: %q, %v; want %q", args, out, err, want)
	}
}

func (l *launcher) refuse(want string, args ...string) {
	l.t.Helper()
	if out, err := l.run(args...); err == nil || !strings.Contains(out, want) {
		l.t.Errorf("%v: %q, %v; want a refusal with %q", args, out, err, want)
	}
}

func TestLauncherAsWrapper(t *testing.T) {
	l := newLauncher(t)
	l.env = []string{"BAZEL_REAL=" + l.program("real/bazel", "7.7.1")}
	l.path = filepath.Dir(l.program("path/bazel", "7.7.1")) + ":" + l.path
	l.expect("real/bazel: build //a b", "build", "//a b")
	l.env = append(l.env, "TIDELOCK_BAZEL=bootstrap", "XDG_CACHE_HOME="+filepath.Join(l.root, "cache"))
	key := l.key()
	l.program("cache/tidelock/bazel/"+key+"-locked/bazel", "7.7.1")
	l.expect(key+"-locked/bazel: version", "version")
}

func TestLauncherTakesWhatIsInstalled(t *testing.T) {
	l := newLauncher(t)
	old := filepath.Dir(l.program("old/bazel", "6.0.0"))
	l.path = old + ":" + l.path
	l.env = []string{"TIDELOCK_BAZEL=installed"}
	l.refuse("answers with version 7.7.1", "build")
	l.program("old/bazelisk", "7.7.1")
	l.expect("old/bazelisk: build --config=x", "build", "--config=x")
	l.program("old/bazel", "7.7.1")
	l.expect("old/bazel: build", "build")
}

// A link to the launcher in a folder of PATH must not make it call itself.
func TestLauncherIsNotItself(t *testing.T) {
	l := newLauncher(t)
	if err := os.Mkdir(filepath.Join(l.root, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../tools/bazel", filepath.Join(l.root, "bin/bazel")); err != nil {
		t.Fatal(err)
	}
	l.path = filepath.Join(l.root, "bin") + ":" + l.path
	l.env = []string{"TIDELOCK_BAZEL=installed"}
	l.refuse("answers with version 7.7.1", "build")
}

func TestLauncherPrefersWhatItMade(t *testing.T) {
	l := newLauncher(t)
	l.path = filepath.Dir(l.program("path/bazel", "7.7.1")) + ":" + l.path
	l.env = []string{"XDG_CACHE_HOME=" + filepath.Join(l.root, "cache")}
	key := l.key()
	l.program("cache/tidelock/bazel/"+key+"-newest/bazel", "7.7.1")
	l.expect(key+"-newest/bazel: version", "version")
	l.program("cache/tidelock/bazel/"+key+"-locked/bazel", "7.7.1")
	l.expect(key+"-locked/bazel: version", "version")
	l.expect(key+"-newest/bazel: version", "--bootstrap=newest", "version")
	l.env = append(l.env, "TIDELOCK_BAZEL_RESOLVE=newest")
	l.expect(key+"-newest/bazel: version", "version")
	// Another state of the bootstrap's sources is another Bazel.
	l.write("tools/bazelboot/packages.lock.json", "{ }")
	l.expect("path/bazel: version", "version")
}

// key asks the launcher itself which folder it would make: a program in the
// place of go notes it and fails.
func (l *launcher) key() string {
	l.t.Helper()
	dir := l.write("gokey/go", "#!/bin/sh\nif [ \"$1\" = run ]; then for a; do case $a in --prefix=*) echo \"${a##*/}\" >key;; esac; done; exit 1; fi\n")
	path, env := l.path, l.env
	l.path = filepath.Dir(dir) + ":/usr/bin:/bin"
	l.run("--bootstrap=locked")
	l.path, l.env = path, env
	text, err := os.ReadFile(filepath.Join(l.root, "key"))
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimSpace(string(text)), "-locked")
}

func TestLauncherRefuses(t *testing.T) {
	l := newLauncher(t)
	l.refuse("unknown option --bootstrap=oldest", "--bootstrap=oldest")
	l.env = []string{"TIDELOCK_BAZEL=mine"}
	l.refuse(`"installed" or "bootstrap"`, "build")
	l.env = []string{"TIDELOCK_BAZEL_RESOLVE=oldest"}
	l.refuse(`"locked" or "newest"`, "build")
	l.env = nil
	bin := filepath.Join(l.root, "bin")
	for _, tool := range []string{"sh", "readlink", "find", "sort", "xargs", "sha256sum", "cut", "grep"} {
		file, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(file, filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	l.path = bin
	l.refuse("needs Go", "build")
}

func TestLauncherHelp(t *testing.T) {
	l := newLauncher(t)
	out, err := l.run("--bootstrap-help")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"tools/bazel: Bazel for this tree", "--bootstrap=newest", "TIDELOCK_DISTDIR"} {
		if !strings.Contains(out, want) {
			t.Errorf("the help has no %q", want)
		}
	}
	if strings.Contains(out, "set -eu") || strings.Contains(out, "\n#") {
		t.Errorf("the help shows code:\n%s", out)
	}
}

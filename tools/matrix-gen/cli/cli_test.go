// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
	"github.com/tidelock/tidelock/tools/matrix-gen/lock"
	"github.com/tidelock/tidelock/tools/matrix-gen/matrix"
)

// crawlText is a list of Falco's for one architecture.
func crawlText(arch string, releases ...string) string {
	var entries []string
	for _, r := range releases {
		entries = append(entries, `{"kernelversion": 1, "kernelrelease": "`+r+`", "target": "fedora", "headers": ["https://mirror.example/k/kernel-devel-`+r+`.rpm"]}`)
	}
	return `{"Fedora": [` + strings.Join(entries, ",\n") + "]}\n"
}

func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	data := []byte(text)
	if strings.HasSuffix(name, ".gz") {
		var buf bytes.Buffer
		w := gzip.NewWriter(&buf)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		data = buf.Bytes()
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// run runs the program and returns its exit code and what it printed.
func run(args ...string) (code int, stdout, stderr string) {
	var out, log bytes.Buffer
	code = Main(args, &out, &log)
	return code, out.String(), log.String()
}

func get(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestGenerate(t *testing.T) {
	dir := t.TempDir()
	x86 := put(t, dir, "x86_64.json", crawlText("x86_64", "6.1.12-300.fc37.x86_64", "6.2.1-300.fc37.x86_64", "5.17.5-300.fc36.x86_64"))
	arm := put(t, dir, "list.json.gz", crawlText("aarch64", "6.1.12-300.fc37.aarch64"))
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	args := []string{"generate", "--distro=Fedora", "--driver-version=0.1.1", `--kernel-release=6\..*`, "--input=" + server.URL + "/x86_64.json", "--input", "aarch64=" + arm}
	code, stdout, stderr := run(args...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	elements, err := matrix.Read(strings.NewReader(stdout), "stdout")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, e := range elements {
		keys = append(keys, e.Key())
	}
	want := []string{"fedora/aarch64/6.1.12-300.fc37.aarch64", "fedora/x86_64/6.1.12-300.fc37.x86_64", "fedora/x86_64/6.2.1-300.fc37.x86_64"}
	if !slices.Equal(keys, want) {
		t.Errorf("got %q, want %q", keys, want)
	}
	for _, line := range []string{"fedora/x86_64        3                 0        3             0            0         2"} {
		if !strings.Contains(stderr, line) {
			t.Errorf("the log lacks %q:\n%s", line, stderr)
		}
	}

	// Into a file; again; quietly.
	out := filepath.Join(dir, "matrix.json")
	code, again, stderr := run(append(args, "--output", out, "--quiet")...)
	if code != 0 || again != "" || stderr != "" || get(t, out) != stdout {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, again, stderr)
	}

	// A crawl that lost a kernel.
	shrunk := put(t, dir, "new-x86_64.json", crawlText("x86_64", "6.1.12-300.fc37.x86_64"))
	base := []string{"generate", "--distro=fedora", "--arch=x86_64", "--driver-version=0.1.1", "--input", shrunk, "--output", out}
	for _, previous := range []string{x86, out} {
		code, _, stderr = run(append(base, "--previous", previous)...)
		if code != 1 || !strings.Contains(stderr, "fedora/x86_64 shrank from") || get(t, out) != stdout {
			t.Errorf("against %s: exit code %d, %q; want a refusal and the old file", previous, code, stderr)
		}
	}
	if code, _, stderr = run(append(base, "--previous", x86, "--allow-shrink=60%")...); code != 1 {
		t.Errorf("two of three lost with 60%% allowed: exit code %d, %q", code, stderr)
	}
	if code, _, stderr = run(append(base, "--previous", x86, "--allow-shrink=70")...); code != 0 {
		t.Errorf("two of three lost with 70%% allowed: exit code %d, %q", code, stderr)
	}
	if code, _, stderr = run(append(base, "--previous", dir, "--allow-shrink")...); code != 0 {
		t.Errorf("a loss that is allowed: exit code %d, %q", code, stderr)
	}
}

func TestGenerateFailures(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // a test may have no home
	dir := t.TempDir()
	good := put(t, dir, "x86_64.json", crawlText("x86_64", "6.1.12-300.fc37.x86_64"))
	cut := put(t, dir, "cut-x86_64.json", crawlText("x86_64", "6.1.12-300.fc37.x86_64")[:60])
	nameless := put(t, dir, "list.json", crawlText("x86_64", "6.1.12-300.fc37.x86_64"))
	ok := []string{"--distro=fedora", "--arch=x86_64", "--driver-version=1"}
	with := func(more ...string) []string { return append(append([]string{"generate"}, ok...), more...) }
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{}, 2, "usage: matrix-gen VERB"},
		{[]string{"frobnicate"}, 2, `there is no verb "frobnicate"`},
		{[]string{"generate"}, 2, "--driver-version is missing"},
		{[]string{"generate", "--driver-version=../x"}, 2, "is not a driver version"},
		{[]string{"generate", "--driver-version=1", "--distro=debain"}, 2, `unknown distribution "debain"`},
		{[]string{"generate", "--driver-version=1", "--distro=debian,,ubuntu"}, 2, "empty name"},
		{[]string{"generate", "--driver-version=1", "--arch=riscv64"}, 2, `unknown architecture "riscv64"`},
		{[]string{"generate", "--driver-version=1", "--kernel-release=("}, 2, `the kernel release pattern "("`},
		{[]string{"generate", "--driver-version=1", "--allow-shrink=101"}, 2, "not a percentage"},
		{with("--input", good, "stray"), 2, `unexpected argument "stray"`},
		{with("--frob"), 2, "flag provided but not defined: -frob"},
		{with("--input", filepath.Join(dir, "none.json")), 1, "no such file"},
		{with("--input", cut), 1, "truncated"},
		{with("--input", nameless), 1, "give it as x86_64="},
		{with("--input", good, "--lock", good), 1, "not a usable kernel lock"},
		{with("--input", good, "--lock", filepath.Join(dir, "none")), 1, "no such lock file"},
		{with("--input", good, "--previous", filepath.Join(dir, "none.json")), 1, "the previous list"},
		{with("--input", good, "--previous", t.TempDir()), 1, "there is no list"},
		{with("--input", good, "--output", filepath.Join(dir, "no", "such", "folder")), 1, "cannot write"},
		{[]string{"generate", "--driver-version=1", "--distro=fedora,debian", "--arch=x86_64", "--input", good}, 1, "the lists lack debian/x86_64"},
		{[]string{"diff", good}, 2, "expected two files"},
		{[]string{"diff", good, good, "-o", "xml"}, 2, "there are only json and table"},
		{[]string{"diff", good, cut}, 2, "truncated"},
		{[]string{"diff", good, filepath.Join(dir, "none")}, 2, "no such file"},
		{[]string{"lock"}, 2, "--input is missing"},
		{[]string{"lock", "--input", good, "--update", "--allow-shrink"}, 2, "has no meaning with --update"},
		{[]string{"lock", "--input", good, "--parallel=0"}, 2, "from 1 to 64"},
		{[]string{"lock", "--input", cut, "--output", filepath.Join(dir, "l")}, 1, "truncated"},
		{[]string{"lock", "--input", good, "--output", good}, 1, "not a usable kernel lock"},
		{[]string{"crawl"}, 2, "--output is missing"},
		{[]string{"crawl", "--output=x", "--keyring", filepath.Join(dir, "none")}, 1, "none"},
	} {
		code, stdout, stderr := run(c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("%q: exit code %d, want %d; %q lacks %q; stdout %q", c.args, code, c.code, stderr, c.want, stdout)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

func TestGenerateFullDisk(t *testing.T) {
	if st, err := os.Stat("/dev/full"); err != nil || st.Mode()&os.ModeCharDevice == 0 {
		t.Skip("there is no /dev/full here: a sandbox may have fewer devices")
	}
	list := put(t, t.TempDir(), "x86_64.json", crawlText("x86_64", "6.1.12-300.fc37.x86_64"))
	code, _, stderr := run("generate", "--distro=fedora", "--arch=x86_64", "--driver-version=1", "--input", list, "--output", "/dev/full")
	if code != 1 || !strings.Contains(stderr, "no space left on device") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"--help"}, {"help", "generate"}, {"generate", "--help"}, {"diff", "-h"}, {"lock", "--help"}, {"crawl", "--help"}} {
		code, stdout, stderr := run(args...)
		if code != 0 || !strings.HasPrefix(stdout, "usage") && !strings.Contains(stdout, "usage:") || stderr != "" {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
	_, stdout, _ := run("help")
	for _, v := range verbs() {
		if !strings.Contains(stdout, v.name) {
			t.Errorf("the help does not name %s", v.name)
		}
	}
}

func TestDiff(t *testing.T) {
	dir := t.TempDir()
	one := put(t, dir, "a-x86_64.json", crawlText("x86_64", "6.1.12-300.fc37.x86_64"))
	two := put(t, dir, "b-x86_64.json.gz", crawlText("x86_64", "6.1.12-300.fc37.x86_64", "6.2.1-300.fc37.x86_64"))
	if code, stdout, stderr := run("diff", one, one); code != 0 || stdout != "no difference in 1 kernels\n" || stderr != "" {
		t.Errorf("the same: exit code %d, %q, %q", code, stdout, stderr)
	}
	code, stdout, _ := run("diff", one, two)
	if code != 1 || !strings.Contains(stdout, "+ fedora/x86_64/6.2.1-300.fc37.x86_64") {
		t.Errorf("more: exit code %d, %q", code, stdout)
	}
	for _, flag := range []string{"--json", "-o=json"} {
		code, stdout, _ := run("diff", flag, one, two)
		var got map[string][]any
		if err := json.Unmarshal([]byte(stdout), &got); code != 1 || err != nil || len(got["added"]) != 1 || len(got["removed"]) != 0 || len(got["changed"]) != 0 {
			t.Errorf("%s: exit code %d, %v, %s", flag, code, err, stdout)
		}
	}
	m := put(t, dir, "m.json", "[]")
	if code, _, stderr := run("diff", one, m); code != 2 || !strings.Contains(stderr, "only two of one kind") {
		t.Errorf("two kinds: exit code %d, %q", code, stderr)
	}
}

// TestLock goes from a list over the lock to a matrix with true releases.
func TestLock(t *testing.T) {
	dir, www := t.TempDir(), t.TempDir()
	server := httptest.NewServer(http.FileServer(http.Dir(www)))
	defer server.Close()
	// The crawler calls it hwe, the package and the kernel call it generic.
	const release, name = "5.15.0-50-generic", "linux-headers-5.15.0-50-generic_5.15.0-50.56_amd64.deb"
	base := "./usr/src/linux-headers-" + release + "/"
	pkg := debtest.DebOf(t, "Package: linux-headers\n", ".zst", []debtest.File{
		debtest.Text(base+".config", "CONFIG_X86_64=y\nCONFIG_CC_VERSION_TEXT=\"gcc (Ubuntu 11.2.0-19ubuntu1) 11.2.0\"\nCONFIG_TLS=m\n"),
		debtest.Text(base+"include/generated/utsrelease.h", "#define UTS_RELEASE \""+release+"\"\n"),
	})
	put(t, www, name, string(pkg))
	entry := func(name string) string {
		return `{"kernelversion":"56","kernelrelease":"` + strings.TrimSuffix(name, ".deb") + `","target":"ubuntu-hwe","headers":["` + server.URL + "/" + name + `"]}`
	}
	good := strings.Replace(entry(name), strings.TrimSuffix(name, ".deb"), "5.15.0-50-hwe", 1)
	list := put(t, dir, "x86_64.json", `{"ubuntu":[`+good+`]}`)
	file := filepath.Join(dir, "kernels.lock.json")
	args := []string{"lock", "--input", list, "--output", file, "--cache", t.TempDir(), "--package-cache", t.TempDir()}

	if code, _, stderr := run(append(args, "--dry-run")...); code != 0 || !strings.Contains(stderr, "dry run") {
		t.Fatalf("dry run: exit code %d, %s", code, stderr)
	}
	if _, err := os.Stat(file); err == nil {
		t.Fatal("the dry run wrote the lock")
	}
	if code, _, stderr := run(args...); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	f, err := lock.ReadFile(file)
	if err != nil || len(f.Kernels) != 1 || f.Kernels[0].Release != release || f.Kernels[0].Alias != "5.15.0-50-hwe" {
		t.Fatalf("got %+v, %v", f, err)
	}
	text := get(t, file)
	if code, _, stderr := run(append(args, "--update")...); code != 0 || get(t, file) != text || !strings.Contains(stderr, "up to date") {
		t.Errorf("the second run: exit code %d, %s", code, stderr)
	}

	// The matrix has the true release, from the list or from the lock alone.
	for _, more := range [][]string{{"--input", list, "--distro=ubuntu", "--arch=x86_64"}, {"--arch=x86_64"}} {
		code, stdout, stderr := run(append([]string{"generate", "--driver-version=0.1.1", "--lock", file}, more...)...)
		if code != 0 || !strings.Contains(stdout, `"kversion": "`+release+`"`) || !strings.Contains(stdout, `"output": "0.1.1/ubuntu/x86_64/`+release+`"`) {
			t.Errorf("%q: exit code %d, %s\n%s", more, code, stderr, stdout)
		}
	}

	// A second kernel whose package is nowhere.
	const gone = "linux-headers-5.15.0-51-generic_5.15.0-51.57_amd64.deb"
	put(t, dir, "x86_64.json", `{"ubuntu":[`+good+","+strings.Replace(entry(gone), strings.TrimSuffix(gone, ".deb"), "5.15.0-51-hwe", 1)+`]}`)
	if code, _, stderr := run(args...); code != 1 || !strings.Contains(stderr, "1 of 2 kernels cannot be locked") || !strings.Contains(stderr, gone) {
		t.Errorf("a missing package: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := run(append(args, "--skip-missing")...); code != 0 || !strings.Contains(stderr, "left out 1 of 2 kernels") {
		t.Errorf("a missing package, skipped: exit code %d, %s", code, stderr)
	}

	// The kernel leaves the list.
	const next = "linux-headers-5.15.0-52-generic_5.15.0-52.58_amd64.deb"
	put(t, www, next, string(debtest.DebOf(t, "Package: linux-headers\n", "", []debtest.File{
		debtest.Text("./usr/src/linux-headers-x/.config", "CONFIG_X86_64=y\nCONFIG_CC_VERSION_TEXT=\"gcc (Ubuntu 11.2.0-19ubuntu1) 11.2.0\"\n"),
		debtest.Text("./usr/src/linux-headers-x/include/generated/utsrelease.h", "#define UTS_RELEASE \"5.15.0-52-generic\"\n"),
	})))
	put(t, dir, "x86_64.json", `{"ubuntu":[`+strings.Replace(entry(next), strings.TrimSuffix(next, ".deb"), "5.15.0-52-generic", 1)+`]}`)
	if code, _, stderr := run(args...); code != 1 || !strings.Contains(stderr, "has 1 kernels that the new lock would not have") || get(t, file) != text {
		t.Errorf("a loss: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := run(append(args, "--update")...); code != 0 || !strings.Contains(stderr, "2 kernels (1 archived)") {
		t.Errorf("an update: exit code %d, %s", code, stderr)
	}
	if f, err := lock.ReadFile(file); err != nil || len(f.Kernels) != 2 || !f.Kernels[0].Archived || f.Kernels[1].Archived {
		t.Errorf("after the update: %+v, %v", f, err)
	}
}

// Without --output the lock is that of the source tree, wherever the program
// was started; a lock that is there and cannot be read is not written over.
func TestLockOfTheTree(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	top := t.TempDir()
	t.Setenv("BUILD_WORKSPACE_DIRECTORY", top)
	list := put(t, t.TempDir(), "x86_64.json", crawlText("x86_64", "6.1.12-300.fc37.x86_64"))
	if code, _, stderr := run("lock", "--input", list); code != 2 || !strings.Contains(stderr, "no MODULE.bazel above") {
		t.Errorf("outside of a tree: exit code %d, %q", code, stderr)
	}
	put(t, top, "MODULE.bazel", "")
	file := filepath.Join(top, "toolchains/kernel/kernels.lock.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Dir(file), "kernels.lock.json", "{")
	if code, _, stderr := run("lock", "--input", list); code != 1 || !strings.Contains(stderr, file+": not a usable kernel lock") {
		t.Errorf("in a tree: exit code %d, %q; want one about %s", code, stderr, file)
	}
	if text := get(t, file); text != "{" {
		t.Errorf("the lock was written over: %q", text)
	}
}

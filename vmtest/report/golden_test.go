// SPDX-License-Identifier: Apache-2.0

package report

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// realistic makes a workspace with the logs of a run in which much happened. The
// results below testdata are those of real guests, made shorter.
func realistic(t *testing.T) (top string) {
	t.Helper()
	top = t.TempDir()
	l := &logs{t, filepath.Join(top, "output-base/testlogs")}
	files, err := filepath.Glob("testdata/results/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no results: %v", err)
	}
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r result
		if err := decode(data, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		when := noon.Add(time.Duration(i) * time.Minute)
		test := labelPath(r.Name)
		if r.net() {
			l.netLog(r.Name, r.Kernel, when)
			for _, role := range r.Roles {
				l.file(test, "test.outputs/"+role.Role+".console.log", "[    2.0] the last words of "+role.Role+"\r\n", when)
			}
			l.file(test, "test.outputs/wire.pcapng", "", when)
			l.file(test, "test.outputs/result.json", string(data), when)
			continue
		}
		l.log(r.Name, r.Kernel, when)
		l.file(test, "test.outputs/console.log", "[    0.000000] Linux version "+r.Release+"\r\n[   40.1] BUG: something\r\n", when)
		l.file(test, "test.outputs/dmesg.log", "", when)
		l.file(test, "test.outputs/result.json", string(data), when)
	}
	lost := "//vmtest/tests/net:wire/present"
	l.netLog(lost, "client=debian/aarch64/6.1.0-56-cloud-arm64 server="+stock, noon)
	l.file(labelPath(lost), "test.outputs/client.console.log", "[    1.0] the client boots\n", noon)
	// A result that is cut off, one of a runner to come, a test that was killed, one
	// that was skipped, and an ordinary test.
	l.log("//vmtest/tests/load:load/debian/aarch64/6.1.0-56-cloud-arm64", "debian/aarch64/6.1.0-56-cloud-arm64", noon)
	l.file("vmtest/tests/load/load/debian/aarch64/6.1.0-56-cloud-arm64", "test.outputs/result.json", "{\n  \"schema\": 1,\n  \"name\": \"//vmt", noon)
	l.log("//vmtest/tests/load:load/debian/x86_64/7.2.12+deb13-cloud-amd64", "debian/x86_64/7.2.12+deb13-cloud-amd64", noon)
	l.file("vmtest/tests/load/load/debian/x86_64/7.2.12+deb13-cloud-amd64", "test.outputs/result.json", `{"schema": 2, "ending": "fine"}`, noon)
	l.log("//vmtest/tests/harness:guest/debian/x86_64/6.12.117+deb13-cloud-amd64", "debian/x86_64/6.12.117+deb13-cloud-amd64", noon)
	gone := "//vmtest/tests/harness:guest/debian/x86_64/6.1.0-56-cloud-amd64"
	l.file(labelPath(gone), "test.log", bazelHead(gone)+"SKIP  "+gone+" on debian/x86_64/6.1.0-56-cloud-amd64: the package linux-image has left the archive\n", noon)
	l.file("vmtest/runner/runner_test", "test.log", bazelHead("//vmtest/runner:runner_test")+"PASS\n", noon)
	if err := os.WriteFile(filepath.Join(top, "MODULE.bazel"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(l.dir, filepath.Join(top, "bazel-testlogs")); err != nil {
		t.Fatal(err)
	}
	return top
}

func TestGolden(t *testing.T) {
	top := realistic(t)
	golden, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BUILD_WORKSPACE_DIRECTORY", top)
	t.Chdir(top)
	var out, errs strings.Builder
	if code := Main([]string{"report"}, &out, &errs); code != 0 || errs.String() != "" {
		t.Fatalf("exit status %d, %s", code, errs.String())
	}
	if want := "17 results under 7 kernels: 9 as expected, 7 bad, 1 skipped: vmtest-report/matrix.html\n"; out.String() != want {
		t.Errorf("it says\n%swant\n%s", out.String(), want)
	}
	for _, name := range []string{htmlFile, markdownFile, jsonFile} {
		got, err := os.ReadFile(filepath.Join("vmtest-report", name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(got), top) {
			t.Errorf("%s names the folder of the machine", name)
		}
		file := filepath.Join(golden, name)
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s differs at line %d; if that is right: go test ./vmtest/report -update, and read the difference", name, firstDifference(string(got), string(want)))
		}
	}
}

// The links of the page lead to files.
func TestLinks(t *testing.T) {
	top := realistic(t)
	m := collect(t, filepath.Join(top, "bazel-testlogs"))
	out := filepath.Join(top, "a/report")
	if err := m.Write(out); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range m.Cells() {
		for _, f := range c.Files {
			n++
			if !strings.HasPrefix(f.Path, "../../bazel-testlogs/") {
				t.Errorf("%s does not go through the workspace", f.Path)
			}
			if _, err := os.Stat(filepath.Join(out, f.Path)); err != nil {
				t.Error(err)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d links", n)
	}
}

func firstDifference(a, b string) int {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return i + 1
		}
	}
	return min(len(x), len(y)) + 1
}

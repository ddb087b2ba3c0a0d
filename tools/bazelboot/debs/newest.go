// SPDX-License-Identifier: Apache-2.0

package debs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/lockfile"
	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
)

// What apt is asked to install. These are missing from the dependencies of
// Debian's Bazel: without libblake3-0 its file system library does not load and
// a slow one takes its place unnoticed; the shell rules are wanted by rules_go;
// and Debian's Netty speaks no ALPN, so no grpcs://, but by OpenSSL (tcnative).
var wanted = []string{"bazel-rules-shell", "libblake3-0", "libnetty-tcnative-java", "libnetty-tcnative-jni", "default-jre-headless"}

// Of apt's 250 packages these are kept: Bazel and its rules, its Java
// libraries, a Java that runs them, and the C libraries below both. No JDK, no
// compiler, no Python.
var kept = regexp.MustCompile(`^(bazel-.*|openjdk-[0-9]+-jre-headless|velocity|async-profiler-java` +
	`|libc6|libgcc-s1|libstdc\+\+6|zlib1g|libzstd1|libzstd-jni1|libnetty-tcnative-jni|libapr1.*` +
	`|lib(absl[0-9]+|grpc.*|protobuf[0-9].*|cares2|c-ares2|re2-.*|ssl3.*|blake3-0)` +
	`|lib(async-profiler|caffeine|checker-framework|commons-(compress|io|lang|pool2)|diffutils|error-prone` +
	`|fastutil|google-.*|grpc|guava|hamcrest|java-allocation-instrumenter|javapoet|jcip-annotations|jcommander` +
	`|jsr305|netty.*|opencensus|perfmark|proguard|protobuf|reactive-streams|rx|tomcat9|truth|xz|zstd-jni)-java)$`)

// keyring holds the keys with which Debian signs its archives.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// suites that may hold a Bazel 7, in the order in which they are asked.
var suites = []string{"forky", "sid"}

// Resolver finds the newest Bazel 7 of the machine's own Debian mirrors with
// apt, in a private state: nothing of the machine changes. apt verifies the
// signature of the archive's index, and through it every checksum.
type Resolver struct {
	// Dir is an empty folder for apt's state; the caller removes it.
	Dir string
	// Sources gives the mirrors to ask.
	Sources *mirror.Sources
	// Snapshot is the time at which snapshot.debian.org has the packages, as
	// 20261120T000000Z; now if it is empty.
	Snapshot string
	// Major is the wanted major version, such as "7".
	Major string
	// Log is told what is being done.
	Log func(format string, args ...any)
}

// Resolve returns the packages as a lock.
func (r *Resolver) Resolve() (*lockfile.File, error) {
	for _, program := range []string{"apt-get", "apt-cache"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("finding the newest Bazel needs %s, which only Debian and its relatives have", program)
		}
	}
	if _, err := os.Stat(keyring); err != nil {
		return nil, fmt.Errorf("the keys of the Debian archive are missing (%w): install debian-archive-keyring", err)
	}
	bases := r.Sources.Bases[mirror.Debian]
	if len(bases) == 0 {
		return nil, fmt.Errorf("apt names no Debian mirror here: set %s to one's base URL", mirror.MirrorEnv)
	}
	var problems []error
	for _, base := range bases {
		for _, suite := range suites {
			l, err := r.from(base, suite)
			if err == nil {
				return l, nil
			}
			r.Log("%s of the mirror: %v", suite, err)
			problems = append(problems, fmt.Errorf("%s: %w", suite, err))
		}
	}
	return nil, fmt.Errorf("no mirror of this machine has a Bazel %s: %w", r.Major, errors.Join(problems...))
}

func (r *Resolver) from(base, suite string) (*lockfile.File, error) {
	if err := r.configure(base, suite); err != nil {
		return nil, err
	}
	if _, err := r.apt("apt-get", "-qq", "update"); err != nil {
		return nil, err
	}
	arch, err := r.apt("apt-config", "dump", "--format", "%v%n", "APT::Architecture")
	if err != nil {
		return nil, err
	}
	out, err := r.apt("apt-cache", "madison", "bazel-bootstrap")
	if err != nil {
		return nil, err
	}
	version, err := newest(out, r.Major)
	if err != nil {
		return nil, err
	}
	r.Log("%s has bazel-bootstrap %s", suite, version)
	l := &lockfile.File{
		Schema:   lockfile.Schema,
		Archives: map[string]lockfile.Archive{mirror.Debian: {Snapshot: cmp.Or(r.Snapshot, time.Now().UTC().Format("20060102T150405Z"))}},
		Packages: map[string]lockfile.Package{},
		Roots:    map[string][]string{},
	}
	for root, names := range map[string][]string{
		RootBazel:    append([]string{"bazel-bootstrap=" + version}, wanted...),
		RootPatchelf: {"patchelf"},
	} {
		out, err := r.apt("apt-get", append([]string{"install", "--print-uris", "-qq"}, names...)...)
		if err != nil {
			return nil, err
		}
		ps, err := parseURIs(out)
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			if root == RootBazel && !kept.MatchString(p.Name) || root == RootPatchelf && p.Name != "patchelf" {
				continue
			}
			p.Suite = suite
			l.Packages[p.Key()] = p
			l.Roots[root] = append(l.Roots[root], p.Key())
		}
		slices.Sort(l.Roots[root])
	}
	if !Serves(l, strings.TrimSpace(arch)) {
		return nil, fmt.Errorf("the packages for %s are incomplete", strings.TrimSpace(arch))
	}
	return l, l.Check()
}

// configure gives apt a state of its own with one source in it. The machine's
// proxy settings stay in force; its hooks do not run.
func (r *Resolver) configure(base, suite string) error {
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(r.Dir, d), 0o755); err != nil {
			return err
		}
	}
	conf := fmt.Sprintf(`Dir::State "%[1]s";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s/cache";
Dir::Log "%[1]s";
Dir::Etc::sourcelist "%[1]s/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::ForceHash "SHA256";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
`, r.Dir)
	source := fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keyring, base, suite)
	return errors.Join(
		os.WriteFile(filepath.Join(r.Dir, "apt.conf"), []byte(conf), 0o644),
		os.WriteFile(filepath.Join(r.Dir, "sources.list"), []byte(source), 0o644),
		os.WriteFile(filepath.Join(r.Dir, "status"), nil, 0o644),
	)
}

func (r *Resolver) apt(program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	cmd.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(r.Dir, "apt.conf"), "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, args[0], err, strings.TrimSpace(complaint.String()))
	}
	return string(out), nil
}

// newest picks the first version of the given major from the output of
// `apt-cache madison`, which lists the newest first.
func newest(madison, major string) (string, error) {
	var seen []string
	for line := range strings.Lines(madison) {
		f := strings.Split(line, "|")
		if len(f) < 3 || strings.TrimSpace(f[2]) == "" {
			continue
		}
		v := strings.TrimSpace(f[1])
		if strings.HasPrefix(v, major+".") {
			return v, nil
		}
		seen = append(seen, v)
	}
	if len(seen) > 0 {
		return "", fmt.Errorf("its bazel-bootstrap is %s, wanted %s.x", strings.Join(slices.Compact(seen), " and "), major)
	}
	return "", errors.New("it has no package bazel-bootstrap")
}

// parseURIs reads the lines of `apt-get install --print-uris`:
// 'URL' file-name size SHA256:checksum.
func parseURIs(text string) ([]lockfile.Package, error) {
	var ps []lockfile.Package
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		bad := func(why string) error {
			return fmt.Errorf("apt's line %q: %s", strings.TrimSpace(line), why)
		}
		if len(f) != 4 {
			return nil, bad("expected 'URL' file size checksum")
		}
		url := strings.Trim(f[0], "'")
		at := strings.Index(url, "/pool/")
		name := strings.Split(strings.TrimSuffix(f[1], ".deb"), "_")
		size, err := strconv.ParseInt(f[2], 10, 64)
		sum, ok := strings.CutPrefix(f[3], "SHA256:")
		switch {
		case at < 0:
			return nil, bad("the URL does not lead into an archive's pool")
		case len(name) != 3:
			return nil, bad("the file is not called name_version_arch.deb")
		case err != nil:
			return nil, bad("the size is no number")
		case !ok:
			return nil, bad("it has no SHA256")
		}
		file, err := neturl.PathUnescape(url[at+1:])
		if err != nil {
			return nil, bad(err.Error())
		}
		ps = append(ps, lockfile.Package{
			Name:    name[0],
			Version: strings.ReplaceAll(name[1], "%3a", ":"),
			Arch:    name[2],
			Archive: mirror.Debian,
			Path:    file,
			SHA256:  sum,
			Size:    size,
		})
	}
	return ps, nil
}

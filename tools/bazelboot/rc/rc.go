// SPDX-License-Identifier: Apache-2.0

// Package rc writes the settings that a Bazel put together from packages
// needs beyond those of the tree: where its modules are.
package rc

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Debian's packages of rule sets: module name and folder below the prefix.
var packaged = [][2]string{
	{"bazel_skylib", "usr/share/bazel/tools/skylib"},
	{"platforms", "usr/share/bazel/tools/platforms"},
	{"rules_cc", "usr/share/bazel/rules/cc"},
	{"rules_java", "usr/share/bazel/rules/java"},
	{"rules_license", "usr/share/bazel/rules/license"},
	{"rules_proto", "usr/share/bazel/rules/proto"},
	{"rules_python", "usr/share/bazel/rules/python"},
	{"rules_shell", "usr/share/bazel/rules/shell"},
}

// Modules that this program puts below ModulesDir.
var added = []string{
	"apple_support",
	"bazel_features",
	"buildozer",
	"gazelle",
	"package_metadata",
	"protobuf",
	"rules_go",
	"zlib",
}

// Folders below the prefix.
const (
	ModulesDir  = "modules"
	DistDir     = "distdir"
	RegistryDir = "registry"
	Downloader  = "downloader.cfg"
)

// Folders lists what the settings refer to, below the prefix: each must be
// there, or every command fails.
func Folders() []string {
	var fs []string
	for _, m := range packaged {
		fs = append(fs, m[1])
	}
	for _, m := range added {
		fs = append(fs, filepath.Join(ModulesDir, m))
	}
	return append(fs, filepath.Join(ModulesDir, "remote_coverage_tools"), DistDir, RegistryDir)
}

// Bazelrc is the text of the settings. Bazel takes an override of a module
// that is not in the graph for an error, so the lists hold exactly the modules
// that MODULE.bazel leads to: who adds one there adds it here too.
func Bazelrc(prefix string) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, "common "+format+"\n", a...) }
	for _, m := range packaged {
		line("--override_module=%s=%s", m[0], filepath.Join(prefix, m[1]))
	}
	for _, m := range added {
		line("--override_module=%s=%s", m, filepath.Join(prefix, ModulesDir, m))
	}
	// Not a module, but a repository of Bazel's own, wanted by `bazel coverage`.
	line("--override_repository=bazel_tools~remote_coverage_tools_extension~remote_coverage_tools=%s",
		filepath.Join(prefix, ModulesDir, "remote_coverage_tools"))
	// Every module is overridden, so no registry is asked. This one is empty:
	// a module that is missing above is an error at once, not a timeout.
	line("--registry=file://%s", filepath.Join(prefix, RegistryDir))
	line("--distdir=%s", filepath.Join(prefix, DistDir))
	line("--experimental_downloader_config=%s", filepath.Join(prefix, Downloader))
	// Debian's build cannot read or write MODULE.bazel.lock.
	line("--lockfile_mode=off")
	return b.String()
}

// DownloaderConfig keeps rules_go from asking the web for the list of Go
// releases, which it does even where the release is pinned. goproxy is the
// machine's list of Go module proxies: the SDK of another architecture, which
// only remote execution wants, comes from the first of them.
func DownloaderConfig(goproxy string) string {
	text := "block go.dev\nblock golang.google.cn\n"
	for p := range strings.FieldsFuncSeq(goproxy, func(r rune) bool { return r == ',' || r == '|' }) {
		// An address with a password in it is not copied into a file.
		if base, ok := strings.CutPrefix(strings.TrimSpace(p), "https://"); ok && !strings.Contains(base, "@") {
			text += fmt.Sprintf("rewrite dl\\.google\\.com/go/(v0\\.0\\.1-go[^/]*\\.zip) %s/golang.org/toolchain/@v/$1\n", strings.TrimRight(base, "/"))
			break
		}
	}
	return text
}

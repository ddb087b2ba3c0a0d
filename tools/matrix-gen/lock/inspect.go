// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
	"github.com/tidelock/tidelock/toolchains/kernel/kernelpack/rpm"
)

// Inspection is what a header package says about its kernel.
type Inspection struct {
	// Release is the true release: UTS_RELEASE, which vermagic is made of.
	Release  string            `json:"release"`
	Arch     string            `json:"arch"`
	Compiler Compiler          `json:"compiler"`
	Config   map[string]string `json:"config"`
}

// Formats of packages.
const (
	FormatDeb = "deb"
	FormatRPM = "rpm"
)

// FormatOf tells the format of a package by its name, or "".
func FormatOf(name string) string {
	switch path.Ext(name) {
	case ".deb":
		return FormatDeb
	case ".rpm":
		return FormatRPM
	}
	return ""
}

// Files of a header package that say something, below its folder
// (usr/src/linux-headers-… of .deb, usr/src/kernels/… of .rpm).
const (
	fileConfig     = ".config"
	fileAutoConf   = "include/config/auto.conf"
	fileRelease    = "include/config/kernel.release"
	fileUTSRelease = "include/generated/utsrelease.h"
	fileCompile    = "include/generated/compile.h"
)

var headerFile = regexp.MustCompile(`^usr/src/(?:kernels/)?([^/]+)/(` +
	regexp.QuoteMeta(fileConfig) + `|` + regexp.QuoteMeta(fileAutoConf) + `|` + regexp.QuoteMeta(fileRelease) + `|` +
	regexp.QuoteMeta(fileUTSRelease) + `|` + regexp.QuoteMeta(fileCompile) + `)$`)

// maxHeaderFile bounds each of these files: the largest configuration has 300 KB.
const maxHeaderFile = 4 << 20

// Inspect reads the header package of a flavour.
func Inspect(file, format string) (*Inspection, error) {
	found := map[string]map[string][]byte{} // folder -> file -> contents
	keep := func(name string, size int64, body io.Reader) error {
		m := headerFile.FindStringSubmatch(strings.TrimPrefix(strings.TrimPrefix(name, "./"), "/"))
		if m == nil {
			return nil
		}
		if size > maxHeaderFile {
			return fmt.Errorf("%s is %d bytes long, which no kernel's is", name, size)
		}
		data, err := io.ReadAll(io.LimitReader(body, maxHeaderFile))
		if err != nil {
			return err
		}
		if found[m[1]] == nil {
			found[m[1]] = map[string][]byte{}
		}
		found[m[1]][m[2]] = data
		if len(found[m[1]]) == 5 {
			return fs.SkipAll
		}
		return nil
	}
	var err error
	switch format {
	case FormatDeb:
		err = deb.WalkFile(file, func(e *deb.Entry, body io.Reader) error {
			if e.Kind != deb.File {
				return nil
			}
			return keep(e.Name, e.Size, body)
		})
	case FormatRPM:
		err = rpm.WalkFile(file, func(e *rpm.Entry, body io.Reader) error {
			if e.Kind != deb.File {
				return nil
			}
			return keep(e.Name, e.Size, body)
		})
	default:
		err = fmt.Errorf("packages of the format %q cannot be read", format)
	}
	if err != nil {
		return nil, err
	}
	return interpret(found)
}

// interpret reads what was found. The folder with a configuration is the kernel's.
func interpret(found map[string]map[string][]byte) (*Inspection, error) {
	var folder string
	for name, files := range found {
		if files[fileConfig] == nil && files[fileAutoConf] == nil {
			continue
		}
		if folder != "" {
			return nil, fmt.Errorf("it holds the configurations of two kernels, %s and %s", min(folder, name), max(folder, name))
		}
		folder = name
	}
	if folder == "" {
		return nil, errors.New("there is no kernel configuration in it (usr/src/*/.config): it is not the header package of a flavour")
	}
	files := found[folder]
	text := files[fileConfig]
	if text == nil {
		text = files[fileAutoConf]
	}
	config, err := parseKconfig(text)
	if err != nil {
		return nil, err
	}
	result := &Inspection{Arch: config.arch()}
	if result.Arch == "" {
		return nil, errors.New("its configuration is neither for x86_64 nor for aarch64")
	}
	result.Config = config.facts(result.Arch)
	if result.Compiler, err = config.compiler(define(files[fileCompile], "LINUX_COMPILER")); err != nil {
		return nil, err
	}
	// Not kernel.release first: in Debian's 5.10 packages it holds the upstream
	// version, while the release that vermagic and uname show is UTS_RELEASE.
	result.Release = define(files[fileUTSRelease], "UTS_RELEASE")
	if result.Release == "" {
		result.Release = strings.TrimSpace(string(files[fileRelease]))
	}
	if !plainName(result.Release) {
		return nil, fmt.Errorf("neither %s nor %s tells the kernel's release (found %q)", fileUTSRelease, fileRelease, result.Release)
	}
	return result, nil
}

// define returns the text of a C macro: #define NAME "text".
func define(header []byte, name string) string {
	for line := range strings.Lines(string(header)) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "#define" || words[1] != name {
			continue
		}
		_, text, ok := strings.Cut(line, `"`)
		if !ok {
			return ""
		}
		text, _, _ = strings.Cut(text, `"`)
		return text
	}
	return ""
}

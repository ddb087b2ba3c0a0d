// SPDX-License-Identifier: Apache-2.0

// Package check proves, without booting it, that a module fits the kernel it
// was built for. What the kernel's loader would refuse at insmod is an error
// of the build here.
package check

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strings"
)

// Expectation is what the module must fit.
type Expectation struct {
	Kernel  string // distribution/arch/release
	Headers string // packed headers of the release, with its Module.symvers
	TLS     string // CONFIG_TLS of the kernel: "y", "m" or "n"

	Modversions bool // the kernel has CONFIG_MODVERSIONS
}

// Metadata stands beside each module for loaders and people.
type Metadata struct {
	Name         string   `json:"name"`
	Version      string   `json:"version"`
	Distribution string   `json:"distribution"`
	Architecture string   `json:"architecture"`
	Release      string   `json:"release"`    // uname -r
	Vermagic     string   `json:"vermagic"`   // what the kernel compares with its own
	Srcversion   string   `json:"srcversion"` // digest of the sources, where the kernel has them
	License      string   `json:"license"`
	Depends      []string `json:"depends"` // modules to load before
	Compiler     string   `json:"compiler"`
	SHA256       string   `json:"sha256"`
	Size         int64    `json:"size"`      // bytes
	TextSize     uint64   `json:"text_size"` // bytes of executable sections
	KTLS         bool     `json:"ktls"`      // the kernel can take the record layer
	Imports      int      `json:"imports"`   // symbols taken from the kernel
}

// Module checks a module and describes it. All that is wrong is reported at once.
func Module(file string, e Expectation) (*Metadata, error) {
	parts := strings.SplitN(e.Kernel, "/", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("kernel %q is not distribution/arch/release", e.Kernel)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("not an ELF object: %w", err)
	}
	defer f.Close()
	info, err := modinfo(f)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	m := &Metadata{
		Name: info["name"], Version: info["version"],
		Distribution: parts[0], Architecture: parts[1], Release: parts[2],
		Vermagic: info["vermagic"], Srcversion: info["srcversion"], License: info["license"],
		Depends: split(info["depends"]), Compiler: comment(f),
		SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data)), TextSize: textSize(f),
		KTLS: e.TLS == "y" || e.TLS == "m",
	}
	errs := []error{
		checkMachine(f, m.Architecture),
		checkRelease(m.Vermagic, m.Release),
		checkLicense(m.License),
		checkPaths(data),
	}
	symvers, err := readSymvers(e.Headers)
	if err != nil {
		return nil, err
	}
	imports, err := imported(f)
	if err != nil {
		return nil, err
	}
	m.Imports = len(imports)
	versions, err := modversions(f)
	if err != nil {
		return nil, err
	}
	if e.Modversions && versions == nil {
		errs = append(errs, errors.New("it has no symbol versions, the kernel has CONFIG_MODVERSIONS"))
	}
	errs = append(errs, checkSymbols(imports, versions, symvers, info["import_ns"])...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return m, nil
}

var machines = map[string]elf.Machine{"x86_64": elf.EM_X86_64, "aarch64": elf.EM_AARCH64}

func checkMachine(f *elf.File, arch string) error {
	want, ok := machines[arch]
	if !ok {
		return fmt.Errorf("architecture %q is not known; known are x86_64 and aarch64", arch)
	}
	if f.Type != elf.ET_REL {
		return fmt.Errorf("it is %v, a module is relocatable", f.Type)
	}
	if f.Machine != want {
		return fmt.Errorf("it is for %v, the kernel is %v", f.Machine, want)
	}
	return nil
}

func checkRelease(vermagic, release string) error {
	got, _, _ := strings.Cut(vermagic, " ")
	if got != release {
		return fmt.Errorf("its vermagic names release %q, the kernel is %q: it would be refused with \"disagrees about version magic\"", got, release)
	}
	return nil
}

// checkLicense: without a GPL-compatible licence the kernel withholds the
// symbols that the driver needs (include/linux/license.h).
func checkLicense(license string) error {
	switch license {
	case "GPL", "GPL v2", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL", "GPL and additional rights":
		return nil
	}
	return fmt.Errorf("its licence is %q, which the kernel does not take for GPL", license)
}

// An absolute path of a source or object: the build's place, which would differ elsewhere.
var sourcePath = regexp.MustCompile(`(?:^|[^\w.])(/[\w.+~@-]+(?:/[\w.+~@-]+)+\.(?:c|h|S|o|s))\b`)

func checkPaths(data []byte) error {
	if found := sourcePath.FindSubmatch(data); found != nil {
		return fmt.Errorf("it holds the path %s of the machine that built it", found[1])
	}
	return nil
}

func checkSymbols(imports []string, versions map[string]uint32, symvers map[string]symbol, namespaces string) []error {
	var errs []error
	allowed := map[string]bool{"": true}
	for _, ns := range strings.Split(namespaces, "\n") {
		allowed[ns] = true
	}
	for _, name := range imports {
		want, ok := symvers[name]
		if !ok {
			errs = append(errs, fmt.Errorf("the kernel does not export %s", name))
			continue
		}
		if !allowed[want.namespace] {
			errs = append(errs, fmt.Errorf("%s is in the namespace %s, which the module does not import", name, want.namespace))
		}
		if versions == nil {
			continue
		}
		if got, ok := versions[name]; !ok || got != want.crc {
			errs = append(errs, fmt.Errorf("%s has the version 0x%08x, the kernel's is 0x%08x", name, got, want.crc))
		}
	}
	return errs
}

func split(s string) []string {
	if s == "" {
		return []string{}
	}
	parts := strings.Split(s, ",")
	sort.Strings(parts)
	return parts
}

func textSize(f *elf.File) uint64 {
	var n uint64
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_EXECINSTR != 0 {
			n += s.Size
		}
	}
	return n
}

// comment is the compiler's name for itself.
func comment(f *elf.File) string {
	s := f.Section(".comment")
	if s == nil {
		return ""
	}
	data, err := s.Data()
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(strings.Trim(string(data), "\x00"), "\x00")
	return first
}

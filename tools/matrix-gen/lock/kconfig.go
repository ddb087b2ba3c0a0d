// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// kconfig holds the symbols of a .config or of include/config/auto.conf that
// are set, by name without "CONFIG_". Text is unquoted.
type kconfig map[string]string

// maxConfigLine bounds a line; lists of built-in firmware or keys can be long.
const maxConfigLine = 1 << 20

// parseKconfig reads a kernel configuration.
func parseKconfig(data []byte) (kconfig, error) {
	c := kconfig{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxConfigLine)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' { // "# CONFIG_X is not set" says what absence says
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, isSymbol := strings.CutPrefix(name, "CONFIG_")
		if !ok || !isSymbol || name == "" {
			return nil, fmt.Errorf("line %d of the kernel configuration is %q; expected CONFIG_NAME=value", n, shorten(line))
		}
		if strings.HasPrefix(value, `"`) {
			text, err := unquote(value)
			if err != nil {
				return nil, fmt.Errorf("line %d of the kernel configuration: CONFIG_%s: %w", n, name, err)
			}
			value = text
		}
		c[name] = value
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("the kernel configuration: %w", err)
	}
	if len(c) == 0 {
		return nil, fmt.Errorf("the kernel configuration sets nothing")
	}
	return c, nil
}

// unquote undoes Kconfig's quoting: only \\ and \" are escapes.
func unquote(s string) (string, error) {
	if len(s) < 2 || !strings.HasSuffix(s, `"`) {
		return "", fmt.Errorf("the text %s has no end", shorten(s))
	}
	s = s[1 : len(s)-1]
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), nil
}

func shorten(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

// facts returns the recorded symbols for an architecture.
func (c kconfig) facts(arch string) map[string]string {
	out := map[string]string{}
	for _, f := range Facts {
		if f.Arch != "" && f.Arch != arch {
			continue
		}
		value, ok := c[f.Name]
		if !ok && f.Old != "" {
			value, ok = c[f.Old]
		}
		if !ok && !f.Text {
			value = "n"
		}
		out[f.Name] = value
	}
	return out
}

// arch returns the architecture that the configuration is for.
func (c kconfig) arch() string {
	switch {
	case c["X86_64"] == "y":
		return "x86_64"
	case c["ARM64"] == "y":
		return "aarch64"
	}
	return ""
}

// gccText finds the version in "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0" and in
// "gcc (GCC) 7.3.1 20180712 (Red Hat 7.3.1-17)".
var gccText = regexp.MustCompile(`\) (\d+)\.\d+\.\d+`)

// clangText finds the version in "Ubuntu clang version 14.0.0-1ubuntu1".
var clangText = regexp.MustCompile(`clang version (\d+)\.`)

// compiler returns what built the kernel. fallback is the LINUX_COMPILER of
// compile.h, for kernels before 4.19, whose configuration does not say it.
func (c kconfig) compiler(fallback string) (Compiler, error) {
	text := c["CC_VERSION_TEXT"]
	if text == "" {
		text = strings.TrimSpace(fallback)
	}
	if text == "" {
		return Compiler{}, fmt.Errorf("neither CONFIG_CC_VERSION_TEXT nor include/generated/compile.h says which compiler built the kernel")
	}
	cc := Compiler{Name: "gcc", Text: text}
	number, pattern := c["GCC_VERSION"], gccText
	if clangText.MatchString(text) {
		cc.Name, number, pattern = "clang", c["CLANG_VERSION"], clangText
	}
	// CONFIG_GCC_VERSION is 120200 for 12.2.0, and 0 for another compiler.
	if n, err := strconv.Atoi(number); err == nil && n >= 10000 {
		cc.Major = n / 10000
	} else if m := pattern.FindStringSubmatch(text); m != nil {
		cc.Major, _ = strconv.Atoi(m[1])
	}
	if cc.Major == 0 {
		return Compiler{}, fmt.Errorf("the compiler's version cannot be read out of %q", shorten(text))
	}
	return cc, nil
}

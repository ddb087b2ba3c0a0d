// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// entry is one pair of address and suite in apt's configuration.
type entry struct {
	uri, suite string
}

// readApt reads sources.list and then sources.list.d in apt's own order.
func readApt(dir string) []entry {
	var all []entry
	if data, err := os.ReadFile(filepath.Join(dir, "sources.list")); err == nil {
		all = parseOneLine(string(data))
	}
	files, _ := filepath.Glob(filepath.Join(dir, "sources.list.d", "*"))
	slices.Sort(files)
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		switch filepath.Ext(f) {
		case ".list":
			all = append(all, parseOneLine(string(data))...)
		case ".sources":
			all = append(all, parseDeb822(string(data))...)
		}
	}
	var usable []entry
	for _, e := range all {
		for _, u := range expand(e.uri, dir) {
			usable = append(usable, entry{u, e.suite})
		}
	}
	return usable
}

// parseOneLine reads `deb [option=value ...] URI suite component ...` lines.
func parseOneLine(text string) []entry {
	var out []entry
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb")
		if !ok || rest == strings.TrimLeft(rest, " \t[") {
			continue // deb-src, or not an entry
		}
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			_, after, ok := strings.Cut(rest, "]")
			if !ok {
				continue
			}
			rest = after
		}
		if f := strings.Fields(rest); len(f) >= 2 {
			out = append(out, entry{strings.Trim(f[0], `"`), f[1]})
		}
	}
	return out
}

// parseDeb822 reads the stanzas of a .sources file.
func parseDeb822(text string) []entry {
	var out []entry
	fields := map[string]string{}
	flush := func() {
		enabled := strings.ToLower(strings.TrimSpace(fields["enabled"]))
		off := slices.Contains([]string{"no", "false", "0", "off", "without", "disable"}, enabled)
		if !off && slices.Contains(strings.Fields(fields["types"]), "deb") {
			for _, u := range strings.Fields(fields["uris"]) {
				for _, s := range strings.Fields(fields["suites"]) {
					out = append(out, entry{u, s})
				}
			}
		}
		fields = map[string]string{}
	}
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "":
			flush()
			last = ""
		case strings.HasPrefix(line, "#"):
		case line[0] == ' ' || line[0] == '\t':
			if last != "" {
				fields[last] += " " + strings.TrimSpace(line)
			}
		default:
			key, value, ok := strings.Cut(line, ":")
			if !ok {
				last = ""
				continue
			}
			last = strings.ToLower(key)
			fields[last] = strings.TrimSpace(value)
		}
	}
	flush()
	return out
}

// expand turns an address of apt's into ones that can be asked directly:
// http, https and file stay, a mirror list that is a file of this machine is
// read, everything else (cdrom, tor, remote mirror lists) is left out.
func expand(uri, aptDir string) []string {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok {
		return nil
	}
	switch strings.ToLower(scheme) {
	case "http", "https":
		if u, err := url.Parse(uri); err != nil || u.Host == "" {
			return nil
		}
		return []string{uri}
	case "file", "copy":
		return []string{"file://" + filepath.Clean("/"+strings.TrimLeft(rest, "/"))}
	case "mirror+file":
		data, err := os.ReadFile(filepath.Clean("/" + strings.TrimLeft(rest, "/")))
		if err != nil {
			return nil
		}
		var out []string
		for line := range strings.Lines(string(data)) {
			line, _, _ = strings.Cut(line, "#")
			if f := strings.Fields(line); len(f) > 0 && !strings.HasPrefix(f[0], "mirror") {
				out = append(out, expand(f[0], aptDir)...)
			}
		}
		return out
	}
	return nil
}

// Names that a suite of Debian goes by.
var suiteNames = []string{
	"bullseye", "bookworm", "trixie", "forky", "duke", "sid",
	"oldoldstable", "oldstable", "stable", "testing", "unstable",
}

// archive tells which archive an entry serves, "" for a third party's.
func (e entry) archive() string {
	suite := strings.TrimSuffix(e.suite, "/")
	base, pocket, _ := strings.Cut(suite, "-")
	base, old, _ := strings.Cut(base, "/") // before bullseye: buster/updates
	if !slices.Contains(suiteNames, base) {
		return ""
	}
	if strings.HasSuffix(strings.TrimRight(e.uri, "/"), "/"+Security) || pocket == "security" || old == "updates" {
		return Security
	}
	switch pocket {
	case "", "updates", "backports", "backports-sloppy", "proposed-updates":
		return Debian
	}
	return ""
}

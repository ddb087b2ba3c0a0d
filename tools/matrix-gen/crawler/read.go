// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// maxListBytes bounds how much of a list is read, so that a wrong URL or a
// compressed bomb ends in an error and not in a full memory. The largest list
// published so far has less than 100 MB.
const maxListBytes = 1 << 30

// crawlerError is how kernel-crawler begins the errors that it prints on its
// standard output, where the list goes too.
const crawlerError = "[ERROR]"

// namePattern is what a kernel's name, build or version may look like. Names
// become parts of paths and of object keys.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+~:-]*$`)

// Read reads one list. The source is only used in messages. Faults are reported
// as *SyntaxError.
//
// The list is read entry by entry: besides the result, only one entry is held.
// All known spellings of keys and types are accepted: class names ("PhotonOS")
// and ids ("photon") as keys, kernelversion as number or string, headers as a
// list, one string or null.
func Read(r io.Reader, source string) (*List, error) {
	buffered := bufio.NewReader(io.LimitReader(r, maxListBytes+1))
	if begin, _ := buffered.Peek(len(crawlerError)); string(begin) == crawlerError {
		line, _ := buffered.ReadString('\n')
		return nil, &SyntaxError{Source: source, Line: 1, Column: 1, Msg: fmt.Sprintf(
			"the crawler's own error stands before the list (%s): what follows is incomplete; crawl again", strings.TrimSpace(line))}
	}
	lines := &lineReader{r: buffered}
	p := &parser{source: source, lines: lines, dec: json.NewDecoder(lines)}
	p.dec.UseNumber()
	list := &List{Distributions: map[string][]Entry{}}
	if err := p.document(list); err != nil {
		return nil, err
	}
	return list, nil
}

type parser struct {
	source string
	lines  *lineReader
	dec    *json.Decoder
	path   []string
}

func (p *parser) push(format string, args ...any) {
	p.path = append(p.path, fmt.Sprintf(format, args...))
}
func (p *parser) pop() { p.path = p.path[:len(p.path)-1] }

// fail makes an error at the end of the token that was read last.
func (p *parser) fail(format string, args ...any) error {
	return p.failAt(p.dec.InputOffset(), format, args...)
}

func (p *parser) failAt(offset int64, format string, args ...any) error {
	line, column := p.lines.position(offset)
	return &SyntaxError{
		Source: p.source, Line: line, Column: column,
		Path: strings.Join(p.path, ""), Msg: fmt.Sprintf(format, args...),
	}
}

// wrap turns an error of the JSON decoder or of the input into one with a place.
func (p *parser) wrap(err error) error {
	var syntax *json.SyntaxError
	switch {
	case p.lines.offset > maxListBytes:
		return p.fail("the list is larger than %d bytes: this cannot be a crawl", int64(maxListBytes))
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		if p.lines.offset == 0 && errors.Is(err, io.EOF) {
			return p.failAt(0, "the file is empty; a crawl is a JSON object")
		}
		return p.failAt(p.lines.offset, "the list ends in the middle: it was truncated, fetch it again")
	case errors.As(err, &syntax):
		return p.failAt(max(syntax.Offset-1, 0), "not valid JSON: %v", syntax)
	}
	return p.fail("reading: %v", err)
}

func (p *parser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if err != nil {
		return nil, p.wrap(err)
	}
	return t, nil
}

func describe(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(t)
	case json.Number:
		return "the number " + t.String()
	case string:
		return "the string " + strconv.Quote(shorten(t))
	case json.Delim:
		switch t {
		case '{':
			return "an object"
		case '[':
			return "a list"
		}
		return t.String()
	}
	return fmt.Sprint(t)
}

func shorten(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// open reads a token that must be the given delimiter.
func (p *parser) open(want json.Delim, what string) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t != want {
		return p.fail("expected %s, found %s", what, describe(t))
	}
	return nil
}

// object reads an object and calls member for each key, which must not repeat.
func (p *parser) object(what string, member func(key string) error) error {
	if err := p.open('{', what); err != nil {
		return err
	}
	return p.members(member)
}

func (p *parser) members(member func(key string) error) error {
	seen := map[string]bool{}
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return err
		}
		key := t.(string) // the decoder gives nothing else here
		if seen[key] {
			return p.fail("the key %q stands twice in one object", shorten(key))
		}
		seen[key] = true
		if err := member(key); err != nil {
			return err
		}
	}
	_, err := p.token()
	return err
}

// array reads a list and calls element for each element.
func (p *parser) array(what string, element func(i int) error) error {
	if err := p.open('[', what); err != nil {
		return err
	}
	return p.elements(element)
}

func (p *parser) elements(element func(i int) error) error {
	for i := 0; p.dec.More(); i++ {
		p.push("[%d]", i)
		if err := element(i); err != nil {
			return err
		}
		p.pop()
	}
	_, err := p.token()
	return err
}

// value decodes one value of known type; null is accepted where T allows it.
func value[T any](p *parser, what string) (T, error) {
	var v T
	before := p.dec.InputOffset()
	if err := p.dec.Decode(&v); err != nil {
		var mismatch *json.UnmarshalTypeError
		if errors.As(err, &mismatch) {
			return v, p.failAt(before, "expected %s, found %s", what, mismatch.Value)
		}
		return v, p.wrap(err)
	}
	return v, nil
}

// text reads a string.
func (p *parser) text() (string, error) {
	t, err := p.token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", p.fail("expected a string, found %s", describe(t))
	}
	return s, nil
}

// name reads a string that must look like a kernel's name or version.
func (p *parser) name() (string, error) {
	s, err := p.text()
	if err != nil {
		return "", err
	}
	return s, p.checkName(s)
}

func (p *parser) checkName(s string) error {
	if !namePattern.MatchString(s) || strings.Contains(s, "..") || len(s) > 200 {
		return p.fail("%q cannot be a kernel's name or version", shorten(s))
	}
	return nil
}

func (p *parser) document(list *List) error {
	err := p.object("an object with a list for each distribution", func(key string) error {
		p.push("%s", key)
		defer p.pop()
		if key == MetaKey {
			return p.meta(list)
		}
		name := CanonicalDistribution(key)
		_, known := list.Distributions[name]
		if known {
			list.warn("%s: %q and another spelling of it both stand in the list: their entries were merged", p.source, key)
		}
		entries := list.Distributions[name]
		if entries == nil {
			entries = []Entry{}
		}
		err := p.array("a list of kernels", func(int) error {
			e, err := p.entry()
			if err == nil {
				entries = append(entries, e)
			}
			return err
		})
		list.Distributions[name] = entries
		return err
	})
	if err != nil {
		return err
	}
	if t, err := p.dec.Token(); err == nil {
		return p.fail("the list should end here, found %s", describe(t))
	} else if !errors.Is(err, io.EOF) {
		return p.wrap(err)
	}
	return nil
}

func (p *parser) meta(list *List) error {
	return p.array("a list with one object", func(i int) error {
		if i > 0 {
			return p.fail("expected one object, found another")
		}
		m, err := value[Meta](p, "an object with schema, arch and archives")
		if err != nil {
			return err
		}
		if m.Schema != Schema {
			return p.fail("schema %d is not known; this program reads schema %d", m.Schema, Schema)
		}
		arch, err := CanonicalArch(m.Arch)
		if err != nil {
			return p.fail("%v", err)
		}
		list.Arch, list.Archives = arch, m.Archives
		if list.Archives == nil {
			list.Archives = map[string]Archive{}
		}
		return nil
	})
}

func (p *parser) entry() (Entry, error) {
	var e Entry
	begin := p.dec.InputOffset()
	err := p.object("an object for one kernel", func(key string) (err error) {
		p.push(".%s", key)
		defer func() {
			if err == nil {
				p.pop()
			}
		}()
		switch key {
		case "kernelversion":
			e.KernelVersion, err = p.build()
		case "kernelrelease":
			e.KernelRelease, err = p.name()
		case "target":
			e.Target, err = p.text()
		case "headers":
			e.Headers, err = p.headers()
		case "kernelconfigdata":
			var s *string
			if s, err = value[*string](p, "a string"); s != nil {
				e.KernelConfigData = *s
			}
		case "release":
			e.Release, err = p.name()
		case "version":
			e.Version, err = p.name()
		case "packages":
			err = p.array("a list of packages", func(int) error {
				pkg, err := p.pkg()
				e.Packages = append(e.Packages, pkg)
				return err
			})
		default:
			// Fields that newer crawlers add do not concern us.
			_, err = value[json.RawMessage](p, "any value")
		}
		return err
	})
	if err != nil {
		return e, err
	}
	for _, field := range []struct{ key, value string }{
		{"kernelrelease", e.KernelRelease}, {"kernelversion", e.KernelVersion}, {"target", e.Target},
	} {
		if field.value == "" {
			return e, p.failAt(begin, "the entry has no %q", field.key)
		}
	}
	return e, nil
}

// build reads kernelversion: a whole number in old lists, a string in new ones.
func (p *parser) build() (string, error) {
	t, err := p.token()
	if err != nil {
		return "", err
	}
	switch v := t.(type) {
	case string:
		return v, p.checkName(v)
	case json.Number:
		if _, err := strconv.ParseUint(v.String(), 10, 63); err == nil {
			return v.String(), nil
		}
	}
	return "", p.fail("expected a string or a whole number, found %s", describe(t))
}

func (p *parser) headers() ([]string, error) {
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{t}, nil
	case json.Delim:
		if t == '[' {
			var list []string
			err := p.elements(func(int) error {
				s, err := p.text()
				list = append(list, s)
				return err
			})
			return list, err
		}
	}
	return nil, p.fail("expected a list of URLs, found %s", describe(t))
}

func (p *parser) pkg() (Package, error) {
	pkg, err := value[Package](p, "an object for one package")
	if err != nil {
		return pkg, err
	}
	return pkg, p.checkPackage(pkg)
}

func (p *parser) checkPackage(pkg Package) error {
	inArchive := pkg.Archive != "" && pkg.Path != "" && pkg.URL == ""
	byURL := pkg.Archive == "" && pkg.Path == "" && pkg.URL != ""
	switch {
	case pkg.Role == "":
		return p.fail("the package has no \"role\"")
	case !inArchive && !byURL:
		return p.fail("a package needs either \"archive\" and \"path\", or \"url\"")
	case inArchive && !cleanPath(pkg.Path):
		return p.fail("the path %q is not a plain relative path", shorten(pkg.Path))
	case pkg.SHA256 != "" && !IsSHA256(pkg.SHA256):
		return p.fail("%q is not a sha256 in lower-case hexadecimal", shorten(pkg.SHA256))
	case pkg.Size < 0:
		return p.fail("the size %d is negative", pkg.Size)
	}
	return nil
}

// cleanPath tells whether a path stays below where it begins.
func cleanPath(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return !strings.ContainsAny(s, "\\\x00\n")
}

// IsSHA256 tells whether s is a sha256 in lower-case hexadecimal.
func IsSHA256(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

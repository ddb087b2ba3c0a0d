// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var (
	//go:embed tidelock.yaml
	specFile []byte
	//go:embed tidelock.h
	headerFile string
	//go:embed constants.go
	constantsFile string
)

// spec is the part of the netlink specification language ("genetlink") that tidelock.yaml uses.
type spec struct {
	Name        string
	Protocol    string
	UAPIHeader  string `yaml:"uapi-header"`
	Doc         string
	Definitions []struct {
		Type    string
		Name    string
		Value   int64
		Doc     string
		Entries []struct{ Name, Doc string }
	}
	AttributeSets []struct {
		Name       string
		Attributes []struct {
			Name, Type, Enum, Doc string
			Checks                map[string]int64
		}
	} `yaml:"attribute-sets"`
	Operations struct {
		List []struct {
			Name, Doc    string
			AttributeSet string `yaml:"attribute-set"`
			Flags        []string
			Do           struct{ Request, Reply struct{ Attributes []string } }
		}
	}
}

func readSpec(file []byte) (*spec, error) {
	d := yaml.NewDecoder(bytes.NewReader(file))
	d.KnownFields(true)
	s := new(spec)
	return s, d.Decode(s)
}

// check finds what the specification language would not accept or a reader would miss.
func (s *spec) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	name := regexp.MustCompile(`^[a-z][0-9a-z-]*$`)
	seen := map[string]bool{}
	named := func(kind, n, doc string) {
		if !name.MatchString(n) {
			bad("%s %q: not a name", kind, n)
		}
		if seen[kind+n] {
			bad("%s %s: twice", kind, n)
		}
		seen[kind+n] = true
		if doc == "" {
			bad("%s %s: no doc", kind, n)
		}
	}
	if s.Protocol != "genetlink" {
		bad("protocol %q, want genetlink", s.Protocol)
	}
	named("family", s.Name, s.Doc)
	enums := map[string]bool{}
	for _, d := range s.Definitions {
		named("definition", d.Name, d.Doc)
		enums[d.Name] = d.Type == "flags"
		for _, e := range d.Entries {
			named(d.Name+" entry", e.Name, e.Doc)
		}
	}
	for _, set := range s.AttributeSets {
		for _, a := range set.Attributes {
			named(set.Name+" attribute", a.Name, a.Doc)
			if !slices.Contains([]string{"u32", "string"}, a.Type) {
				bad("attribute %s/%s: type %q", set.Name, a.Name, a.Type)
			}
			if a.Enum != "" && !enums[a.Enum] {
				bad("attribute %s/%s: enum %s is not defined", set.Name, a.Name, a.Enum)
			}
		}
	}
	for _, op := range s.Operations.List {
		named("operation", op.Name, op.Doc)
		for _, a := range slices.Concat(op.Do.Request.Attributes, op.Do.Reply.Attributes) {
			if !seen[op.AttributeSet+" attribute"+a] {
				bad("operation %s: no attribute %s/%s", op.Name, op.AttributeSet, a)
			}
		}
	}
	return errors.Join(errs...)
}

// values lists every number and string of the specification under the name that join makes of
// the words that lead to it.
func (s *spec) values(join func(words ...string) string) map[string]string {
	v := map[string]string{
		join("family", "name"):    fmt.Sprintf("%q", s.Name),
		join("family", "version"): "1", // what the language takes where no version is given
	}
	for _, d := range s.Definitions {
		if d.Type == "const" {
			v[join(d.Name)] = fmt.Sprint(d.Value)
		}
		for i, e := range d.Entries {
			v[join(d.Name, e.Name)] = fmt.Sprint(1 << i)
		}
	}
	for _, set := range s.AttributeSets {
		for i, a := range set.Attributes {
			v[join("attr", set.Name, a.Name)] = fmt.Sprint(i + 1)
		}
	}
	for i, op := range s.Operations.List {
		v[join("cmd", op.Name)] = fmt.Sprint(i + 1)
	}
	return v
}

// cName is how the header spells a name: the kernel's generator has "a" for attributes.
func cName(words ...string) string {
	if words[0] == "attr" {
		words[0] = "a"
	}
	return "TIDELOCK_" + strings.ToUpper(strings.ReplaceAll(strings.Join(words, "_"), "-", "_"))
}

// goName is how this package spells a name.
func goName(words ...string) string {
	var b strings.Builder
	for _, w := range strings.Split(strings.Join(words, "-"), "-") {
		switch w {
		case "abi", "ktls":
			b.WriteString(strings.ToUpper(w))
		default:
			b.WriteString(strings.ToUpper(w[:1]) + w[1:])
		}
	}
	return b.String()
}

// cValues evaluates the macros and enumerators of a C header that has no other constants than
// literals and expressions that C and Go write alike.
func cValues(header string) (map[string]string, error) {
	header = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(header, "")
	scope := types.NewPackage("header", "header")
	values := map[string]string{}
	define := func(name, expr string) error {
		v, err := types.Eval(token.NewFileSet(), scope, token.NoPos, expr)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if scope.Scope().Insert(types.NewConst(token.NoPos, scope, name, v.Type, v.Value)) != nil {
			return fmt.Errorf("%s: defined twice", name)
		}
		values[name] = v.Value.ExactString()
		return nil
	}
	for _, m := range regexp.MustCompile(`(?m)^#define[ \t]+(\w+)[ \t]+(.+)$`).FindAllStringSubmatch(header, -1) {
		if err := define(m[1], m[2]); err != nil {
			return nil, err
		}
	}
	for _, m := range regexp.MustCompile(`(?s)enum\s*\w*\s*\{(.*?)\}`).FindAllStringSubmatch(header, -1) {
		next := "0"
		for _, e := range strings.Split(m[1], ",") {
			if strings.TrimSpace(e) == "" {
				continue
			}
			name, expr, given := strings.Cut(e, "=")
			if !given {
				expr = next
			}
			name = strings.TrimSpace(name)
			if err := define(name, strings.TrimSpace(expr)); err != nil {
				return nil, err
			}
			next = name + "+1"
		}
	}
	return values, nil
}

// goValues evaluates the exported constants of a Go file.
func goValues(file string) (map[string]string, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "constants.go", file, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	pkg, err := new(types.Config).Check("uapi", fset, []*ast.File{f}, nil)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, name := range pkg.Scope().Names() {
		if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok && c.Exported() {
			values[name] = constant.ToInt(c.Val()).ExactString()
			if c.Val().Kind() == constant.String {
				values[name] = c.Val().ExactString()
			}
		}
	}
	return values, nil
}

// compare reports what is missing in got, different there, or there and not in want.
func compare(want, got map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if v, ok := got[name]; !ok {
			errs = append(errs, fmt.Errorf("%s is missing, want %s", name, want[name]))
		} else if v != want[name] {
			errs = append(errs, fmt.Errorf("%s is %s, want %s", name, v, want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			errs = append(errs, fmt.Errorf("%s is not in tidelock.yaml", name))
		}
	}
	return errors.Join(errs...)
}

// checkHeader compares the header with the specification.
func checkHeader(s *spec, header string) error {
	got, err := cValues(header)
	if err != nil {
		return err
	}
	want := s.values(cName)
	// What C has besides: the name that programs use, and the ends of the lists.
	want["SOL_TIDELOCK"] = want[cName("sol")]
	ends := map[string]int{"CMD": len(s.Operations.List)}
	for _, set := range s.AttributeSets {
		ends["A_"+strings.ToUpper(set.Name)] = len(set.Attributes)
	}
	for list, last := range ends {
		want["__TIDELOCK_"+list+"_MAX"] = fmt.Sprint(last + 1)
		want["TIDELOCK_"+list+"_MAX"] = fmt.Sprint(last)
	}
	return compare(want, got)
}

// checkGo compares the Go constants with the specification.
func checkGo(s *spec, file string) error {
	got, err := goValues(file)
	if err != nil {
		return err
	}
	return compare(s.values(goName), got)
}

func TestSpecification(t *testing.T) {
	s, err := readSpec(specFile)
	if err != nil {
		t.Fatal("tidelock.yaml:", err)
	}
	if err := s.check(); err != nil {
		t.Error("tidelock.yaml:", err)
	}
	if err := checkHeader(s, headerFile); err != nil {
		t.Error("tidelock.h differs from tidelock.yaml:", err)
	}
	if err := checkGo(s, constantsFile); err != nil {
		t.Error("constants.go differs from tidelock.yaml:", err)
	}
}

// Every way in which the three can come apart is noticed.
func TestSpecificationDrift(t *testing.T) {
	files := map[string]string{"yaml": string(specFile), "h": headerFile, "go": constantsFile}
	for _, c := range []struct{ name, file, from, to string }{
		{"unknown key", "yaml", "name: cap\n", "name: cap\n    colour: red\n"},
		{"attribute without doc", "yaml", "doc: What the module can do.", ""},
		{"attribute twice", "yaml", "name: health\n", "name: version\n"},
		{"enum that is not defined", "yaml", "enum: cap", "enum: cup"},
		{"reply with an unknown attribute", "yaml", "- selftests", "- selftest"},
		{"attribute added", "yaml", "      -\n        name: health\n", "      -\n        name: extra\n        type: u32\n        doc: x\n      -\n        name: health\n"},
		{"another number in yaml", "yaml", "value: 21580", "value: 21581"},
		{"another number in C", "h", "21580", "21581"},
		{"another order in C", "h", "TIDELOCK_A_INFO_CAPS,\n\tTIDELOCK_A_INFO_HEALTH,", "TIDELOCK_A_INFO_HEALTH,\n\tTIDELOCK_A_INFO_CAPS,"},
		{"a command only C has", "h", "TIDELOCK_CMD_GET_INFO = 1,", "TIDELOCK_CMD_GET_INFO = 1,\n\tTIDELOCK_CMD_MORE,"},
		{"another flag in C", "h", "1 << 0", "1 << 1"},
		{"not an expression in C", "h", "1 << 0", "1 <<"},
		{"macro twice in C", "h", "#define TIDELOCK_PEER 1", "#define TIDELOCK_PEER 1\n#define TIDELOCK_PEER 1"},
		{"another name of the family in C", "h", `"tidelock"`, `"tidelok"`},
		{"another number in Go", "go", "= 21580", "= 21581"},
		{"another flag in Go", "go", "1 << 0", "1 << 1"},
		{"a constant only Go has", "go", "CmdGetInfo = 1", "CmdGetInfo = 1\n\tCmdMore = 2"},
		{"a constant that Go lacks", "go", "\tPeer = 1\n", ""},
		{"not Go", "go", "const (", "const {"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := maps.Clone(files)
			changed[c.file] = strings.Replace(changed[c.file], c.from, c.to, 1)
			if changed[c.file] == files[c.file] {
				t.Fatalf("the text to change is not in the file: %q", c.from)
			}
			s, err := readSpec([]byte(changed["yaml"]))
			if err != nil {
				return
			}
			if s.check() == nil && checkHeader(s, changed["h"]) == nil && checkGo(s, changed["go"]) == nil {
				t.Error("not noticed")
			}
		})
	}
}

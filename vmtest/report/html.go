// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"path"
	"strings"
	"time"

	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

//go:embed page/page.tmpl
var pageTemplate string

//go:embed page/page.css
var pageStyle string

//go:embed page/page.js
var pageScript string

// page is what the template is given.
type page struct {
	*Matrix
	// Policy, Style and Script are made of what is embedded here, and of nothing else.
	Policy, Style, Script template.HTML
	Failed, NotRun        []*Cell
	Overview              []overviewRow
	Bodies                []body
	SlowTests             []slowTest
}

// group is a group of columns.
type group struct {
	Name    string
	Kernels []*Kernel
}

// overviewRow is a kernel in the table of kernels and packages.
type overviewRow struct {
	*Kernel
	First bool // of its group
	Cells []Tally
}

// body is a package with its table.
type body struct {
	Name, Short, ID string
	Groups          []group
	Rows            []htmlRow
}

type htmlRow struct {
	Name, Asks string
	// Find is what the filter looks at.
	Find string
	// Cells are one for each column of the table, Results one for each result.
	Cells, Results []htmlCell
}

// htmlCell is a cell, or the place where one would be.
type htmlCell struct {
	*Cell
	ID    string
	Good  bool
	First bool // of its group of columns
	Hover string
	Logs  []logLink
	// Here lists the roles that the column's kernel had.
	Here string
}

type logLink struct{ Name, Short, Address string }

type slowTest struct {
	Slow
	ID string
}

// AllExpected is true when no result of the class is a bad one.
func (c ClassCount) AllExpected() bool {
	return c.Class == verdict.Pass || c.Count == c.Expected
}

var htmlTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"address":    func(f File) string { return f.link() },
	"breaks":     breaks,
	"caseClass":  caseClass,
	"caseSymbol": symbolOfCase,
	"css":        cssClass,
	"iso":        func(t time.Time) string { return t.Format(time.RFC3339) },
	"meaning":    func(c verdict.Class) string { return meanings[c] },
	"measured":   func(s float64) bool { return s >= 0.05 },
	"moment":     moment,
	"seconds":    seconds,
	"symbol":     symbolOf,
	"tenth":      func(s float64) string { return fmt.Sprintf("%.1f", s) },
	"version":    versionHead,
}).Parse(pageTemplate))

// HTML is the report for people: one page that loads nothing.
func (m *Matrix) HTML() ([]byte, error) {
	var b bytes.Buffer
	if err := htmlTemplate.Execute(&b, m.page()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (m *Matrix) page() *page {
	p := &page{
		Matrix: m, Failed: m.With(Bad), NotRun: m.With(Skip),
		Style:  template.HTML("<style>" + pageStyle + "</style>"),
		Script: template.HTML("<script>" + pageScript + "</script>"),
	}
	p.Policy = template.HTML(fmt.Sprintf(
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'">`,
		hash(pageStyle), hash(pageScript)))
	ids := map[*Cell]string{}
	taken := map[string]bool{}
	for _, c := range m.Cells() {
		ids[c] = anchor(c.Label, taken)
	}
	for _, pkg := range m.Packages {
		t := body{Name: pkg.Name, Short: pkg.ShortName(m.Packages), ID: anchor("table "+pkg.Name, taken)}
		kernels := pkg.Kernels(m.Kernels)
		for i, k := range kernels {
			if i == 0 || k.Group() != kernels[i-1].Group() {
				t.Groups = append(t.Groups, group{Name: k.Group()})
			}
			g := &t.Groups[len(t.Groups)-1]
			g.Kernels = append(g.Kernels, k)
		}
		for _, r := range pkg.Rows {
			t.Rows = append(t.Rows, makeRow(pkg, r, kernels, ids))
		}
		p.Bodies = append(p.Bodies, t)
	}
	for i, k := range m.Kernels {
		row := overviewRow{Kernel: k, First: i > 0 && k.Group() != m.Kernels[i-1].Group()}
		for _, pkg := range m.Packages {
			row.Cells = append(row.Cells, pkg.Tally(k))
		}
		p.Overview = append(p.Overview, row)
	}
	for _, s := range m.Times.Slowest {
		p.SlowTests = append(p.SlowTests, slowTest{s, ids[s.cell]})
	}
	return p
}

func makeRow(pkg *Package, r *Row, kernels []*Kernel, ids map[*Cell]string) htmlRow {
	row := htmlRow{Name: r.Name, Asks: r.Asks()}
	find := []string{pkg.Name, r.Name, row.Asks}
	for i, k := range kernels {
		c := htmlCell{Cell: r.On(k), First: i == 0 || k.Group() != kernels[i-1].Group()}
		if c.Cell != nil {
			c.fill(k, ids)
		}
		row.Cells = append(row.Cells, c)
	}
	for _, c := range r.Cells {
		row.Results = append(row.Results, htmlCell{Cell: c, ID: ids[c], Good: c.Status == OK})
		find = append(find, c.Kernel, string(c.Class), string(c.Status), c.Title)
	}
	row.Find = strings.ToLower(strings.Join(find, " "))
	return row
}

// fill says what of the result belongs into a kernel's column.
func (c *htmlCell) fill(k *Kernel, ids map[*Cell]string) {
	c.ID, c.Good = ids[c.Cell], c.Status == OK
	c.Hover = c.Title
	if c.Expected != "" {
		c.Hover = fmt.Sprintf("%s (expected: %s)", c.Title, c.Expected)
	}
	here := c.RolesOn(k)
	c.Here = roleNames(here)
	for _, f := range c.Files {
		switch name := path.Base(f.Path); {
		case name == "test.log":
			c.Logs = append(c.Logs, logLink{f.Name, "log", f.link()})
		case name == consoleFile && c.Roles == nil:
			c.Logs = append(c.Logs, logLink{f.Name, "console", f.link()})
		default:
			for _, r := range here {
				if name == r.consoleFile() {
					c.Logs = append(c.Logs, logLink{f.Name, r.Name, f.link()})
				}
			}
		}
	}
}

// hash is a text's name in a Content-Security-Policy.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// anchor makes an id of a label, which only letters, digits and hyphens are left of.
func anchor(label string, taken map[string]bool) string {
	id := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, label), "-")
	id = "r-" + id
	for base, n := id, 2; taken[id]; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	taken[id] = true
	return id
}

// cssClass is the class of the page that gives a result its colour.
func cssClass(c verdict.Class, good bool) string {
	if good {
		return "c-ok"
	}
	switch c {
	case verdict.TestFail, verdict.Splat, verdict.Leak, verdict.Hang, verdict.BootFail, verdict.Infra:
		return "wrong c-" + strings.ToLower(string(c))
	case Skipped:
		return "c-skip"
	}
	return "wrong c-unknown"
}

func caseClass(s results.Status) string {
	switch s {
	case results.Pass, results.Skip, results.Known:
		return string(s)
	}
	return "fail"
}

// breaks lets a long name be broken behind its slashes.
func breaks(s string) template.HTML {
	safe := template.HTMLEscapeString(s)
	head, rest := "", safe
	if strings.HasPrefix(safe, "//") {
		head, rest = safe[:2], safe[2:]
	}
	return template.HTML(head + strings.ReplaceAll(rest, "/", "/<wbr>"))
}

// versionHead is a kernel's release for the head of a column: the version, and
// smaller what is behind it.
func versionHead(k *Kernel) template.HTML {
	end := strings.IndexAny(k.Release, "-+~")
	if end < 0 {
		end = len(k.Release)
	}
	rest := strings.TrimLeft(k.Release[end:], "-")
	if k.Distribution != "" && !k.Debug {
		rest = strings.TrimSpace(rest + " " + k.Distribution)
	}
	s := template.HTMLEscapeString(k.Release[:end])
	if rest != "" {
		s += " <small>" + template.HTMLEscapeString(rest) + "</small>"
	}
	return template.HTML(s)
}

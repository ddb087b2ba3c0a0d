// SPDX-License-Identifier: Apache-2.0

package bep

import (
	"encoding/xml"
	"io"
	"net/url"
	"os"
)

// testedNothing reports whether all cases of a test's JUnit file were skipped.
// Such a test exits 0, and Bazel calls it passed. A file that cannot be had
// (a remote one, say) speaks for nothing.
func testedNothing(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return false
	}
	f, err := os.Open(u.Path)
	if err != nil {
		return false
	}
	defer f.Close()
	cases, skipped := countCases(f)
	return cases > 0 && skipped == cases
}

// countCases counts the test cases of a JUnit file and those that were skipped.
func countCases(r io.Reader) (cases, skipped int) {
	d := xml.NewDecoder(r)
	for {
		t, err := d.Token()
		if err != nil {
			return cases, skipped
		}
		if start, ok := t.(xml.StartElement); ok {
			switch start.Name.Local {
			case "testcase":
				cases++
			case "skipped":
				skipped++
			}
		}
	}
}

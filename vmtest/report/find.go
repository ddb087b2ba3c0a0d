// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// place is the folder of one run of one test.
type place struct {
	// dir is the folder as it was named on the command line.
	dir string
	// rel is <package>/<target> with slashes, at least at its end.
	rel string
	// root is the number of the --testlogs it was found under.
	root int
	// part is "run_1_of_3" where a test ran several times, and of the "_of_3" that
	// the runs of one invocation share.
	part, of string
}

// parts finds the folders that Bazel makes for runs and shards of a test.
var parts = regexp.MustCompile(`^(?:run|shard)_\d+(_of_\d+)(?:_(?:run|shard)_\d+(_of_\d+))?$`)

// ofTest are the files and folders by which the folder of a test is known. What
// lies in the folders is the test's own.
var ofTest = []string{"test.log", "test.xml", "test.cache_status", "test.outputs"}

// leaves are folders in which no further test can be.
var leaves = []string{"test.outputs", "test.outputs_manifest", "test.raw_splitlogs", "test_attempts", "_coverage"}

// find lists the tests below the folders, which are bazel-testlogs or copies of
// it. The second result tells of folders that could not be read.
func find(roots []string) ([]place, []string, error) {
	var places []place
	var warnings []string
	for i, root := range roots {
		// bazel-testlogs is a link, which WalkDir would not enter; the links on the
		// page shall lead through it all the same.
		top, err := filepath.EvalSymlinks(root)
		if err != nil {
			return nil, nil, fmt.Errorf("the logs of tests: %w", err)
		}
		if info, err := os.Stat(top); err != nil {
			return nil, nil, fmt.Errorf("the logs of tests: %w", err)
		} else if !info.IsDir() {
			return nil, nil, fmt.Errorf("the logs of tests: %s is no folder", root)
		}
		err = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				warnings = append(warnings, line(fmt.Sprintf("could not be read: %v", err)))
				return fs.SkipDir
			}
			if !d.IsDir() {
				return nil
			}
			if path != top && slices.Contains(leaves, d.Name()) {
				return fs.SkipDir
			}
			if !isTest(path) {
				return nil
			}
			rel, err := filepath.Rel(top, path)
			if err != nil {
				return err
			}
			places = append(places, newPlace(i, root, filepath.ToSlash(rel)))
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return places, warnings, nil
}

func newPlace(root int, top, rel string) place {
	p := place{dir: filepath.Join(top, filepath.FromSlash(rel)), rel: rel, root: root}
	dir, last, _ := cutLast(rel, "/")
	if m := parts.FindStringSubmatch(last); m != nil && dir != "" {
		p.rel, p.part, p.of = dir, last, m[1]+m[2]
	}
	return p
}

// isTest tells whether a folder is that of a test.
func isTest(dir string) bool {
	for _, name := range ofTest {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// cutLast cuts s at the last sep; without one, all of s is what comes after it.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// labelPath is the path that a label has below the logs: //a/b:c/d is a/b/c/d.
// A text that is no label has none.
func labelPath(label string) string {
	pkg, target, ok := strings.Cut(strings.TrimLeft(label, "@"), ":")
	pkg, main := strings.CutPrefix(pkg, "//")
	if !ok || !main || target == "" {
		return ""
	}
	return strings.Trim(pkg+"/"+target, "/")
}

// belongs tells whether a label can be the one of the test found at rel. The
// logs may be those of a part of the tree, or lie below another folder.
func belongs(label, rel string) bool {
	p := labelPath(label)
	return p != "" && (p == rel || rel == "." || strings.HasSuffix(rel, "/"+p) || strings.HasSuffix(p, "/"+rel))
}

// SPDX-License-Identifier: Apache-2.0

package workspace

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// SearchDirs are the folders in which all programs of a build are found.
type SearchDirs []string

func searchPath(dirs []string) (SearchDirs, error) {
	var s SearchDirs
	for _, d := range dirs {
		abs, err := filepath.Abs(d)
		if err != nil {
			return nil, err
		}
		s = append(s, abs)
	}
	return s, nil
}

// String gives the folders as PATH wants them.
func (s SearchDirs) String() string { return strings.Join(s, ":") }

// Find returns the whole path of a program.
func (s SearchDirs) Find(name string) (string, error) {
	for _, d := range s {
		file := filepath.Join(d, name)
		if info, err := os.Stat(file); err == nil && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("the program %s is in none of the tool roots; add its package in roots.json", name)
}

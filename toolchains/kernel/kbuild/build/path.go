// SPDX-License-Identifier: Apache-2.0

package build

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// searchDirs are the folders in which all programs of a build are found.
type searchDirs []string

func searchPath(dirs []string) (searchDirs, error) {
	var s searchDirs
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
func (s searchDirs) String() string { return strings.Join(s, ":") }

func (s searchDirs) find(name string) (string, error) {
	for _, d := range s {
		file := filepath.Join(d, name)
		if info, err := os.Stat(file); err == nil && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("the program %s is in none of the tool roots; add its package in roots.json", name)
}

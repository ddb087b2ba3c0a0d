// SPDX-License-Identifier: Apache-2.0

package sh

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// complete is called for each key; on Tab it lengthens the word before the cursor
// as far as all files, or commands, that begin with it agree.
func complete(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	begin := strings.LastIndexAny(line[:pos], " \t;|&<>(=") + 1
	word := line[begin:pos]
	var found []string
	if before := strings.TrimRight(line[:begin], " \t"); !strings.Contains(word, "/") && (before == "" || strings.ContainsAny(before[len(before)-1:], ";|&(")) {
		found = commands(word)
	} else {
		found = files(word)
	}
	longest := common(found)
	if len(found) == 1 && !strings.HasSuffix(longest, "/") {
		longest += " "
	}
	if len(longest) <= len(word) {
		return line, pos, true
	}
	return line[:begin] + longest + line[pos:], begin + len(longest), true
}

// commands lists the programs of PATH that begin with a word.
func commands(word string) []string {
	var found []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), word) {
				found = append(found, e.Name())
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// files lists the files whose path begins with a word; folders end with a slash.
func files(word string) []string {
	dir, name := filepath.Split(word)
	where := dir
	if where == "" {
		where = "."
	}
	entries, err := os.ReadDir(where)
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), name) || name == "" && e.Name()[0] == '.' {
			continue
		}
		path := dir + e.Name()
		if info, err := os.Stat(filepath.Join(where, e.Name())); err == nil && info.IsDir() {
			path += "/"
		}
		found = append(found, path)
	}
	return found
}

// common is the longest text that all words begin with.
func common(words []string) string {
	if len(words) == 0 {
		return ""
	}
	longest := words[0]
	for _, w := range words[1:] {
		for !strings.HasPrefix(w, longest) {
			longest = longest[:len(longest)-1]
		}
	}
	return longest
}

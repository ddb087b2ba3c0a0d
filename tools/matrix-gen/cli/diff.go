// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
	"github.com/tidelock/tidelock/tools/matrix-gen/diff"
	"github.com/tidelock/tidelock/tools/matrix-gen/lock"
	"github.com/tidelock/tidelock/tools/matrix-gen/matrix"
)

// Exit codes of diff, those of diff(1).
const (
	exitDifferent = 1
	exitTrouble   = 2
)

const diffHelp = `usage: matrix-gen diff [FLAGS] OLD NEW

Compares two build matrices, two locks or two crawls (files or URLs, plain or .gz) and
shows which kernels were added, changed and removed. As JSON, "added" and "removed" hold
whole elements, "changed" holds key, fields, old and new; what to build is then

  matrix-gen diff --json old.json new.json | jq '[.added[], .changed[].new]'

Exit codes are those of diff(1): 0 same, 1 different, 2 wrong usage or failure.
`

func runDiff(ctx context.Context, e *env, args []string) error {
	fs := e.newFlags("diff", diffHelp)
	format := fs.String("o", "table", "output `FORMAT`: table or json")
	asJSON := fs.Bool("json", false, "the same as -o json")
	limit := fs.Int("limit", 20, "how many kernels the table lists by name; -1 lists all")
	output := fs.String("output", "", "`FILE` to write instead of standard output; replaced in one step")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) != 2 {
		return usagef("expected two files, OLD and NEW, got %d", len(rest))
	}
	if *asJSON {
		*format = "json"
	}
	if *format != "json" && *format != "table" {
		return usagef("-o %s: there are only json and table", *format)
	}
	before, kind, err := loadSet(ctx, rest[0])
	if err != nil {
		return err
	}
	after, otherKind, err := loadSet(ctx, rest[1])
	if err != nil {
		return err
	}
	if kind != otherKind {
		return fmt.Errorf("%s is a %s and %s a %s; only two of one kind can be compared", rest[0], kind, rest[1], otherKind)
	}
	result := diff.Compare(before, after)
	err = e.output(*output, func(w io.Writer) error {
		if *format == "json" {
			return result.WriteJSON(w)
		}
		return result.WriteTable(w, *limit)
	})
	if err != nil {
		return err
	}
	if !result.Same() {
		return exitError(exitDifferent)
	}
	return nil
}

// loadSet reads whatever diff can compare.
func loadSet(ctx context.Context, source string) (diff.Set, string, error) {
	data, err := crawler.ReadAll(ctx, source)
	if err != nil {
		return nil, "", err
	}
	name := crawler.Redact(source)
	kind := diff.Detect(data)
	switch kind {
	case diff.KindMatrix:
		elements, err := matrix.Read(bytes.NewReader(data), name)
		if err != nil {
			return nil, "", err
		}
		set, err := diff.FromMatrix(elements)
		return set, kind, err
	case diff.KindLock:
		f, err := lock.Parse(data, name)
		if err != nil {
			return nil, "", err
		}
		set, err := diff.FromLock(f)
		return set, kind, err
	}
	list, err := crawler.Read(bytes.NewReader(data), name)
	if err != nil {
		return nil, "", err
	}
	if list.Arch == "" {
		// Two crawls of one architecture compare well without knowing which.
		list.Arch = crawler.ArchOfName(strings.TrimPrefix(source, "file://"))
		if list.Arch == "" {
			list.Arch = "unknown"
		}
	}
	set, err := diff.FromCrawl(list)
	return set, kind, err
}

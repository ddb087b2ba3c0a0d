// SPDX-License-Identifier: Apache-2.0

package modules

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Install unpacks the locked modules below dir, one folder for each name, and
// puts the Go SDK of the given Go architecture as a file into distdir, where
// Bazel looks before it downloads.
func Install(ctx context.Context, lock []Module, goarch, dir, distdir string, log func(string, ...any)) error {
	if err := os.MkdirAll(distdir, 0o755); err != nil {
		return err
	}
	for _, m := range lock {
		if m.Name == SDK && !strings.HasSuffix(m.Version, ".linux-"+goarch) {
			continue
		}
		zip, err := Download(ctx, m)
		if err != nil {
			return err
		}
		if m.Name == SDK {
			err = link(zip, filepath.Join(distdir, filepath.Base(zip)))
		} else {
			err = Unzip(m, zip, filepath.Join(dir, m.Name))
		}
		if err != nil {
			return err
		}
		log("%s %s", m.Path, m.Version)
	}
	return completeGazelle(filepath.Join(dir, "gazelle"))
}

// completeGazelle: the zip file of a Go module leaves out modules nested in
// it, so gazelle's second one comes by itself. Gazelle's go.work wants a
// go.sum in both; what the inner one needs stands in the outer one's.
func completeGazelle(dir string) error {
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "v2", "go.sum"), sum, 0o644)
}

// link saves the space of a copy where both are on one file system.
func link(from, to string) error {
	if err := os.Link(from, to); err == nil {
		return nil
	}
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

// StandIns copies the committed stand-ins beside the modules. Those that are
// scripts keep their run bit.
func StandIns(from, dir string) error {
	return os.CopyFS(dir, os.DirFS(from))
}

// A name that rules_go asks bazel_features for and Debian's version of it does
// not know. The answer for Bazel 7 is no.
const newFeature = "instrumented_files_info_has_baseline_coverage_files"

// Features copies Debian's bazel_features and teaches it the one new name.
func Features(from, dir string) error {
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		return err
	}
	file := filepath.Join(dir, "features.bzl")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed, err := addFeature(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(changed), 0o644)
}

func addFeature(bzl string) (string, error) {
	const anchor = "_rules = struct(\n"
	if strings.Contains(bzl, newFeature) {
		return bzl, nil
	}
	if !strings.Contains(bzl, anchor) {
		return "", errors.New("it has no `_rules = struct(` to add to: Debian's package changed its shape")
	}
	return strings.Replace(bzl, anchor, anchor+"    "+newFeature+" = ge(\"8.2.0\"),\n", 1), nil
}

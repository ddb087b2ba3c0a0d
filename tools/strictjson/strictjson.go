// SPDX-License-Identifier: Apache-2.0

// Package strictjson reads JSON whose form this project defines, such as its
// lock files: nothing in it is passed over.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Decode reads data, which holds exactly one JSON value, into the value that
// into points to. A field that the value has no place for is an error: what is
// not read here would be lost when the file is written again. Errors tell the
// line.
func Decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return at(data, int64(len(data)), errors.New("it ends in the middle: it was truncated"))
		}
		return at(data, offset(d, err), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return at(data, d.InputOffset(), errors.New("something follows the closing brace"))
	}
	return nil
}

// ReadFile reads a file as Decode does. Errors tell its name too.
func ReadFile(name string, into any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := Decode(data, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// offset is where an error was found.
func offset(d *json.Decoder, err error) int64 {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return syntax.Offset
	case errors.As(err, &kind):
		return kind.Offset
	}
	return d.InputOffset()
}

func at(data []byte, offset int64, err error) error {
	before := data[:min(max(offset, 0), int64(len(data)))]
	return fmt.Errorf("line %d: %w", 1+bytes.Count(before, []byte("\n")), err)
}

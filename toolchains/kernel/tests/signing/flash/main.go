// SPDX-License-Identifier: Apache-2.0

// Command flash takes UEFI firmware out of its package's files and puts
// certificates into the firmware's db; see package uefivars.
package main

import (
	"encoding/pem"
	"flag"
	"fmt"
	"os"

	"github.com/tidelock/tidelock/toolchains/kernel/tests/signing/uefivars"
)

func main() {
	code := flag.String("code", "", "firmware")
	vars := flag.String("vars", "", "its flash of variables, empty")
	outCode := flag.String("out-code", "", "copy of the firmware to write")
	outVars := flag.String("out-vars", "", "flash to write, with the certificates of the arguments (PEM)")
	flag.Parse()
	if *code == "" || *vars == "" || *outCode == "" || *outVars == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*code, *vars, *outCode, *outVars, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "flash:", err)
		os.Exit(1)
	}
}

func run(code, vars, outCode, outVars string, certificates []string) error {
	data, err := os.ReadFile(code)
	if err != nil {
		return err
	}
	if err := os.WriteFile(outCode, data, 0o644); err != nil {
		return err
	}
	flash, err := os.ReadFile(vars)
	if err != nil {
		return err
	}
	var ders [][]byte
	for _, file := range certificates {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		b, _ := pem.Decode(text)
		if b == nil || b.Type != "CERTIFICATE" {
			return fmt.Errorf("%s: no certificate in PEM", file)
		}
		ders = append(ders, b.Bytes)
	}
	if len(ders) > 0 {
		if flash, err = uefivars.AddDB(flash, ders...); err != nil {
			return fmt.Errorf("%s: %w", vars, err)
		}
	}
	return os.WriteFile(outVars, flash, 0o644)
}

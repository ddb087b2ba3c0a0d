// SPDX-License-Identifier: Apache-2.0

// Command sign appends a signature to a kernel module; see package modsign.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/tidelock/tidelock/toolchains/kernel/sign/modsign"
)

func main() {
	module := flag.String("module", "", "module to sign (.ko)")
	key := flag.String("key", "", "private key (PEM)")
	certificate := flag.String("certificate", "", "its certificate (PEM)")
	hash := flag.String("hash", "", "digest: the kernel's CONFIG_MODULE_SIG_HASH")
	out := flag.String("out", "", "signed module to write")
	flag.Parse()
	if *module == "" || *key == "" || *certificate == "" || *hash == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*module, *key, *certificate, *hash, *out); err != nil {
		fmt.Fprintln(os.Stderr, "sign:", err)
		os.Exit(1)
	}
}

func run(module, key, certificate, hash, out string) error {
	signer, err := modsign.Load(key, certificate)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(module)
	if err != nil {
		return err
	}
	signed, err := signer.Sign(data, hash)
	if err != nil {
		return fmt.Errorf("%s: %w", module, err)
	}
	return os.WriteFile(out, signed, 0o644)
}

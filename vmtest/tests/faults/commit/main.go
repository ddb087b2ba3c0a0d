// SPDX-License-Identifier: Apache-2.0

// Command commit loads the module of faults in a VM test's guest and has it
// commit one. What becomes of the guest is for the harness to say.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/tidelock/tidelock/vmtest/guest/kernel"
)

const parameter = "/sys/module/faults/parameters/commit"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: commit FAULT")
		os.Exit(2)
	}
	if os.Getenv("TIDELOCK_VM") == "" {
		fmt.Fprintln(os.Stderr, "commit: not in a guest of vmtest: refusing to do harm")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "commit:", err)
		os.Exit(1)
	}
}

func run(fault string) error {
	if err := kernel.Insert(os.Getenv("FAULTS_KO")); err != nil {
		return err
	}
	if err := os.WriteFile(parameter, []byte(fault), 0); err != nil {
		return err
	}
	// What the fault left behind, such as a timer, may take a moment.
	time.Sleep(1500 * time.Millisecond)
	return nil
}

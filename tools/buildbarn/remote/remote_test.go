// SPDX-License-Identifier: Apache-2.0

// Package remote tests that this repository is built and tested by remote
// execution alone, with the real servers.
//
//	tools/bazel test //tools/buildbarn/remote:remote_test
package remote

import (
	"flag"
	"os"
	"testing"

	"github.com/tidelock/tidelock/tools/buildbarn/proof"
	"github.com/tidelock/tidelock/tools/buildbarn/room"
	"github.com/tidelock/tidelock/tools/workspace"
)

// arguments are what is given to the proof; see PROOF_ARGS of //tools/buildbarn:defs.bzl.
var arguments []string

// The test program is also the first process of rooms.
func TestMain(m *testing.M) {
	room.Enter()
	for _, name := range []string{"servers", "shell", "target"} {
		flag.Func(name, "given to the proof", func(value string) error {
			arguments = append(arguments, "--"+name+"="+value)
			return nil
		})
	}
	flag.BoolFunc("tls", "given to the proof", func(value string) error {
		arguments = append(arguments, "--tls="+value)
		return nil
	})
	flag.Parse()
	os.Exit(m.Run())
}

// TestProof builds twice, as `tools/bazel run //tools/buildbarn:remote_proof` does.
func TestProof(t *testing.T) {
	if len(arguments) == 0 {
		t.Skip("needs Buildbarn's programs: tools/bazel test //tools/buildbarn/remote:remote_test")
	}
	top, err := workspace.OfTest()
	if err != nil {
		t.Fatal(err)
	}
	// What it counted is worth reading in the log of a passing test too.
	if status := proof.Main(append([]string{"remote_proof", "--work=" + top}, arguments...), os.Stdout, os.Stderr); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// SPDX-License-Identifier: Apache-2.0

// Command remote_proof shows that everything is built by remote execution alone.
package main

import (
	"os"

	"github.com/tidelock/tidelock/tools/buildbarn/proof"
	"github.com/tidelock/tidelock/tools/buildbarn/room"
)

func main() {
	room.Enter()
	os.Exit(proof.Main(os.Args, os.Stdout, os.Stderr))
}

// SPDX-License-Identifier: Apache-2.0

// Command cluster runs a remote execution service on this machine.
package main

import (
	"os"

	"github.com/tidelock/tidelock/tools/buildbarn/cluster"
	"github.com/tidelock/tidelock/tools/buildbarn/room"
)

func main() {
	room.Enter()
	os.Exit(cluster.Main(os.Args, os.Stdout, os.Stderr))
}

// SPDX-License-Identifier: Apache-2.0

// Deb-lock pins the Debian packages that the build's tools come from.
package main

import (
	"context"
	"os"
	"os/signal"

	"github.com/tidelock/tidelock/tools/deb-lock/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

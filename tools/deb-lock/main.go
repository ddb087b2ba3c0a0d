// SPDX-License-Identifier: Apache-2.0

// Deb-lock pins the Debian packages that the build's tools come from.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/tidelock/tidelock/tools/deb-lock/cli"
	"github.com/tidelock/tidelock/tools/workspace"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := workspace.EnterCaller(); err != nil {
		fmt.Fprintln(os.Stderr, "deb-lock:", err)
		os.Exit(1)
	}
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

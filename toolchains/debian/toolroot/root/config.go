// SPDX-License-Identifier: Apache-2.0

package root

import (
	"bytes"
	"fmt"
	"strings"
)

// launcherMagic marks the configuration area in the launcher's image (launcher.c).
const launcherMagic = "@tidelock-launcher-config@"

// launcherConfigSize is CONFIG_SIZE of launcher.c, in bytes.
const launcherConfigSize = 4096

// LauncherDir and LauncherSelf stand in a launcher's arguments for the folder
// it lies in and for the path it was started by.
const (
	LauncherDir  = "\x01"
	LauncherSelf = "\x02"
)

// Configure returns a copy of the launcher's image which executes args.
func Configure(image []byte, args []string) ([]byte, error) {
	at := bytes.Index(image, []byte(launcherMagic))
	if at < 0 || at+launcherConfigSize > len(image) {
		return nil, fmt.Errorf("the launcher has no configuration area: was it built from launcher.c?")
	}
	text := strings.Join(args, "\x00") + "\x00\x00"
	if len(text) > launcherConfigSize {
		return nil, fmt.Errorf("the launcher's arguments take %d bytes, %d are there: %q", len(text), launcherConfigSize, args)
	}
	out := bytes.Clone(image)
	area := out[at : at+launcherConfigSize]
	clear(area)
	copy(area, text)
	return out, nil
}

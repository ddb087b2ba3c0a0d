// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"os"
	"time"
)

// progress returns a function that shows how far a long stage has come: a line
// that rewrites itself on a terminal, a line every few seconds elsewhere.
func (e *env) progress() func(stage string, done, total int) {
	if e.quiet {
		return nil
	}
	var (
		file, isFile = e.stderr.(*os.File)
		terminal     = false
		last         time.Time
	)
	if isFile {
		if info, err := file.Stat(); err == nil {
			terminal = info.Mode()&os.ModeCharDevice != 0
		}
	}
	return func(stage string, done, total int) {
		switch {
		case terminal:
			end := ""
			if done == total {
				end = "\n"
			}
			_, _ = e.stderr.Write([]byte("\r" + line(stage, done, total) + end))
		case done == total || time.Since(last) > 5*time.Second:
			last = time.Now()
			e.logf("%s", line(stage, done, total))
		}
	}
}

func line(stage string, done, total int) string {
	return fmt.Sprintf("%s: %d/%d", stage, done, total)
}

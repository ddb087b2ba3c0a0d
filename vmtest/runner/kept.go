// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Files among a test's outputs that are written while the guest runs; those of one of
// several guests have its role in front.
const (
	consoleLog = "console.log"
	eventsLog  = "events.jsonl"
)

// kept is a file that takes what a guest says, as it comes. A full disk must neither
// stop the guest nor blind who else listens, so the first error ends only the file,
// and close tells it. A nil *kept keeps nothing.
type kept struct {
	file *os.File
	base string
	size int64
	err  error
}

// newKept starts a file among the outputs of a machine; nil where there is no folder
// for them.
func newKept(env Env, base string) *kept {
	if env.Out == "" {
		return nil
	}
	k := &kept{base: env.link.file(base)}
	k.file, k.err = os.Create(filepath.Join(env.Out, k.base))
	return k
}

// name is the file's name in the folder of outputs; empty where there is no file.
func (k *kept) name() string {
	if k == nil || k.file == nil {
		return ""
	}
	return k.base
}

func (k *kept) write(p []byte) {
	if k == nil || k.err != nil {
		return
	}
	var n int
	n, k.err = k.file.Write(p)
	k.size += int64(n)
}

// close ends the file; the error says what is not in it.
func (k *kept) close() error {
	if k == nil {
		return nil
	}
	if k.file == nil {
		return fmt.Errorf("%s was not written: %w", k.base, k.err)
	}
	if err := errors.Join(k.err, k.file.Close()); err != nil {
		return fmt.Errorf("%s is not complete, it has %d bytes: %w", k.base, k.size, err)
	}
	return nil
}

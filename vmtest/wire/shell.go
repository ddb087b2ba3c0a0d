// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"path"
)

// Parameters on the kernel's command line that the build machine passes to a guest
// with a shell: what is not known before the machine starts.
const (
	ParamExec   = "vmtest.exec"   // command to run instead of a dialogue, in base64 (URL, no padding)
	ParamModule = "vmtest.module" // "no": load no modules
	ParamRows   = "vmtest.rows"   // height of the person's terminal
	ParamCols   = "vmtest.cols"   // its width
	ParamTerm   = "vmtest.term"   // its $TERM
)

// Shell makes a guest for a person: after the programs, which there need not be
// then, a shell runs on the console, and the machine ends with it.
type Shell struct {
	// Path is the absolute path of the shell.
	Path string `json:"path"`
	// Kernel is how the kernel is called: <distribution>/<arch>/<release>.
	Kernel string `json:"kernel"`
	// Modules are absolute paths of modules of ours, loaded in this order, after
	// those of Config.Load, where the person wants any.
	Modules []string `json:"modules,omitempty"`
}

func (s *Shell) validate() error {
	if !path.IsAbs(s.Path) {
		return fmt.Errorf("shell.path: %q is not absolute", s.Path)
	}
	for i, m := range s.Modules {
		if !path.IsAbs(m) {
			return fmt.Errorf("shell.modules[%d]: %q is not absolute", i, m)
		}
	}
	return nil
}

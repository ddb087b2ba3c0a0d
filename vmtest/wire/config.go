// SPDX-License-Identifier: Apache-2.0

// Package wire is what the two ends of a VM test share: the configuration that
// the build machine packs into the initramfs, and the events that the guest's
// init sends back while it runs.
package wire

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/tidelock/tidelock/tools/strictjson"
)

// ConfigPath is where the guest's init finds its configuration.
const ConfigPath = "/etc/vmtest.json"

// Formats in which a program may report its results.
const (
	FormatExit = "exit" // only the exit status counts
	FormatTAP  = "tap"  // Test Anything Protocol, versions 12 to 14
	FormatGo   = "go"   // a Go test binary run with -test.v=test2json
)

// Program is one program that the guest runs.
type Program struct {
	// Name is how reports call the program.
	Name string `json:"name"`
	// Path is the absolute path of the program in the guest.
	Path string `json:"path"`
	// Args are the arguments after the program's own name.
	Args []string `json:"args,omitempty"`
	// Env holds KEY=value pairs on top of the guest's small default environment.
	Env []string `json:"env,omitempty"`
	// Dir is the folder it runs in; empty means the one of Path.
	Dir string `json:"dir,omitempty"`
	// Format is how the output is read: exit, tap or go.
	Format string `json:"format"`
}

// Module is one module of the kernel's own package that stands in the initramfs.
type Module struct {
	// Name is the module's name with underscores, as /proc/modules has it.
	Name string `json:"name"`
	// Path is the absolute path of the uncompressed .ko in the guest.
	Path string `json:"path"`
	// Depends names the modules to load first, in order.
	Depends []string `json:"depends,omitempty"`
	// Aliases are the patterns under which the kernel may ask for the module.
	Aliases []string `json:"aliases,omitempty"`
	// Builtin marks a name that the kernel carries inside: nothing to load.
	Builtin bool `json:"builtin,omitempty"`
}

// Config tells the guest's init what to do.
type Config struct {
	// Programs run one after the other; the first failure does not stop the rest.
	Programs []Program `json:"programs"`
	// Modules is the catalogue from which Load and the kernel's own requests
	// (through /sbin/modprobe, which is the init again) are served.
	Modules []Module `json:"modules,omitempty"`
	// Load names the modules loaded before the first program.
	Load []string `json:"load,omitempty"`
	// Env is added to the environment of every program.
	Env []string `json:"env,omitempty"`
	// Hostname is set before the programs start.
	Hostname string `json:"hostname,omitempty"`
	// SkipKmemleak leaves out the scan at the end, which takes ten seconds: for a
	// guest that is meant to splat, after which no scan says anything.
	SkipKmemleak bool `json:"skip_kmemleak,omitempty"`
	// Network is the guest's part in a test of several guests; nil for one that is
	// alone.
	Network *Network `json:"network,omitempty"`
	// Coverage has what instrumented modules counted sent before the end; a kernel
	// that cannot say it is an error then.
	Coverage bool `json:"coverage,omitempty"`
	// Shell makes the guest one for a person.
	Shell *Shell `json:"shell,omitempty"`
}

// Validate reports the first thing that makes the configuration unusable.
func (c *Config) Validate() error {
	if c.Shell != nil {
		if err := c.Shell.validate(); err != nil {
			return err
		}
	} else if len(c.Programs) == 0 {
		return fmt.Errorf("programs: the list is empty: a guest with nothing to run proves nothing")
	}
	seen := map[string]bool{}
	for i, p := range c.Programs {
		where := fmt.Sprintf("programs[%d]", i)
		switch {
		case p.Name == "":
			return fmt.Errorf("%s.name: is empty", where)
		case seen[p.Name]:
			return fmt.Errorf("%s.name: %q stands there twice", where, p.Name)
		case !path.IsAbs(p.Path):
			return fmt.Errorf("%s.path: %q is not absolute", where, p.Path)
		}
		seen[p.Name] = true
		switch p.Format {
		case FormatExit, FormatTAP, FormatGo:
		default:
			return fmt.Errorf("%s.format: %q is not one of exit, tap, go", where, p.Format)
		}
		if err := validEnv(where+".env", p.Env); err != nil {
			return err
		}
	}
	if err := validEnv("env", c.Env); err != nil {
		return err
	}
	if c.Network != nil {
		if err := c.Network.validate(); err != nil {
			return fmt.Errorf("network.%v", err)
		}
	}
	known := map[string]bool{}
	for i, m := range c.Modules {
		if m.Name == "" || known[m.Name] {
			return fmt.Errorf("modules[%d].name: %q is empty or stands there twice", i, m.Name)
		}
		if !m.Builtin && !path.IsAbs(m.Path) {
			return fmt.Errorf("modules[%d].path: %q is not absolute", i, m.Path)
		}
		known[m.Name] = true
	}
	for i, m := range c.Modules {
		for _, d := range m.Depends {
			if !known[d] {
				return fmt.Errorf("modules[%d].depends: %s needs %s, which is not in the catalogue", i, m.Name, d)
			}
		}
	}
	for _, name := range c.Load {
		if !known[name] {
			return fmt.Errorf("load: %s is not in the catalogue of modules", name)
		}
	}
	return nil
}

func validEnv(where string, env []string) error {
	for _, e := range env {
		if i := strings.IndexByte(e, '='); i <= 0 {
			return fmt.Errorf("%s: %q is not KEY=value", where, e)
		}
	}
	return nil
}

// ReadConfig reads and checks a configuration; an unknown field is an error, so
// that a misspelt one is not silently without effect.
func ReadConfig(r io.Reader) (*Config, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	c := &Config{}
	if err := strictjson.Decode(data, c); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

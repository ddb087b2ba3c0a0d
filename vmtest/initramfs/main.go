// SPDX-License-Identifier: Apache-2.0

package initramfs

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/tidelock/tidelock/tools/strictjson"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// Spec is the input of the program mkinitramfs.
type Spec struct {
	// Init is the host path of the guest's init.
	Init string `json:"init"`
	// Files are further entries.
	Files []Entry `json:"files,omitempty"`
	// Config is what init does; its catalogue of modules is filled from ModulesDir.
	Config wire.Config `json:"config"`
	// Offer names modules that lie in the guest for the kernel to ask for; nothing
	// loads them beforehand. '?' at the end: if the kernel has them.
	Offer []string `json:"offer,omitempty"`
	// ModulesDir is a folder that kimage has written, or empty.
	ModulesDir string `json:"modules_dir,omitempty"`
	// Layers are archives of guestroot, whose files go in as well.
	Layers []string `json:"layers,omitempty"`
}

// Entries lists everything that goes into the archive.
func (s *Spec) Entries() ([]Entry, error) {
	entries := []Entry{
		{Path: "/init", Host: s.Init, Mode: 0o755},
		// The kernel asks for modules through this name.
		{Path: "/sbin/modprobe", Link: "/init"},
		// Where file systems are mounted.
		{Path: "/dev", Dir: true}, {Path: "/proc", Dir: true}, {Path: "/sys", Dir: true},
		{Path: "/run", Dir: true}, {Path: "/tmp", Dir: true, Mode: 0o1777}, {Path: "/root", Dir: true, Mode: 0o700},
	}
	if s.Config.Network != nil {
		entries = append(entries, Entry{Path: wire.BarrierTool, Link: "/init"})
	}
	if s.ModulesDir != "" {
		var all []wire.Module
		err := strictjson.ReadFile(filepath.Join(s.ModulesDir, "modules.json"), &all)
		if err != nil {
			return nil, err
		}
		s.Config.Modules, err = wire.Closure(all, slices.Concat(s.Config.Load, s.Offer))
		if err != nil {
			return nil, err
		}
		load := s.Config.Load[:0:0]
		for _, name := range s.Config.Load {
			if name, ok := wire.Wanted(s.Config.Modules, name); ok {
				load = append(load, name)
			}
		}
		s.Config.Load = load
		for _, m := range s.Config.Modules {
			if !m.Builtin {
				entries = append(entries, Entry{Path: m.Path, Host: filepath.Join(s.ModulesDir, m.Name+".ko")})
			}
		}
	}
	if err := s.Config.Validate(); err != nil {
		return nil, fmt.Errorf("config: %v", err)
	}
	text, err := json.MarshalIndent(&s.Config, "", "  ")
	if err != nil {
		return nil, err
	}
	entries = append(entries, Entry{Path: wire.ConfigPath, Content: append(text, '\n')})
	entries = append(entries, s.Files...)
	if len(s.Layers) == 0 {
		return entries, nil
	}
	var layers []*Layer
	for _, file := range s.Layers {
		l, err := ReadLayer(file)
		if err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	return Merge(layers, entries)
}

const usage = `Usage: mkinitramfs -spec SPEC.json -out FILE

Writes the root file system of a VM test's guest as a newc cpio archive.
Exit status: 0 done, 1 failed, 2 wrong usage.

Flags:
`

// Main is the program mkinitramfs; it returns the exit status.
func Main(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("mkinitramfs", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	spec := flags.String("spec", "", "JSON that says what goes in")
	out := flags.String("out", "", "archive to write")
	switch err := flags.Parse(args[1:]); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case *spec == "" || *out == "" || flags.NArg() > 0:
		fmt.Fprintln(stderr, "mkinitramfs: -spec and -out are needed, and nothing else; see --help")
		return 2
	}
	if err := build(*spec, *out); err != nil {
		fmt.Fprintf(stderr, "mkinitramfs: %v\n", err)
		return 1
	}
	return 0
}

func build(specFile, out string) error {
	var s Spec
	if err := strictjson.ReadFile(specFile, &s); err != nil {
		return err
	}
	entries, err := s.Entries()
	if err != nil {
		return fmt.Errorf("%s: %v", specFile, err)
	}
	archive, err := Bytes(entries)
	if err != nil {
		return err
	}
	return os.WriteFile(out, archive, 0o644)
}

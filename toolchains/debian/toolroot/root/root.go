// SPDX-License-Identifier: Apache-2.0

// Package root makes a tool root: Debian packages unpacked into one folder from
// which their programs run on any Linux host, by their own dynamic loader and
// libraries, and without the host's shell.
//
// Each dynamic program is moved to elf/ under the root and a launcher takes its
// place (see launcher.c); each script of an interpreter that is in the root is
// moved to script/ likewise. Links become the files they mean.
package root

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
)

// Where the real files behind launchers lie, relative to the root.
const (
	elfDir    = "elf"
	scriptDir = "script"
)

// Options say what goes into a root.
type Options struct {
	Out      string   // folder to fill; it is made, and must be empty or absent
	Packages []string // .deb files; of two with the same path the later wins
	Exclude  []string // path.Match patterns of paths or folders to leave out, such as usr/share/doc
	Links    []Link   // names that Debian makes when a package is installed
	Launcher string   // image built from launcher.c; "" leaves programs as they are

	// KeepScripts leaves scripts alone: for roots whose user gives them an
	// interpreter, such as the kernel's scripts, which make reads as text.
	KeepScripts bool
}

// Link is a further name for a file; both are relative to the root.
type Link struct{ Name, Target string }

// defaultLibraryDirs are where Debian's loader looks, first to last.
var defaultLibraryDirs = []string{"usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib"}

// Build makes the root. On an error the folder is left incomplete.
func Build(o Options) error {
	if entries, err := os.ReadDir(o.Out); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty", o.Out)
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return err
	}
	t := newTree(o.Out, o.Exclude)
	for _, p := range o.Packages {
		if err := deb.WalkFile(p, t.add); err != nil {
			return err
		}
	}
	for _, l := range o.Links {
		t.links[l.Name] = "/" + l.Target
	}
	if err := t.materialise(); err != nil {
		return err
	}
	if o.Launcher == "" {
		return nil
	}
	image, err := os.ReadFile(o.Launcher)
	if err != nil {
		return err
	}
	return install(t, image, o.KeepScripts)
}

// install puts the launchers in.
func install(t *tree, image []byte, keepScripts bool) error {
	objects := map[string]*object{}
	for name := range t.modes {
		o, err := readObject(filepath.Join(t.dir, name))
		if err != nil {
			return err
		}
		if o != nil {
			objects[name] = o
		}
	}
	libraryDirs, err := closure(objects, t.modes, defaultLibraryDirs)
	if err != nil {
		return err
	}
	l := launcher{tree: t, image: image, libraryDirs: libraryDirs, programs: map[string]string{}}
	names := make([]string, 0, len(t.modes))
	for name := range t.modes {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if o := objects[name]; o != nil && o.interp != "" && !isLibrary(name) {
			if err := l.program(name, o.interp); err != nil {
				return err
			}
		}
	}
	if keepScripts {
		return nil
	}
	for _, name := range names {
		if objects[name] == nil && t.modes[name]&0o111 != 0 {
			if err := l.script(name); err != nil {
				return err
			}
		}
	}
	return nil
}

type launcher struct {
	tree        *tree
	image       []byte
	libraryDirs []string
	programs    map[string]string // program's name to its loader's, both in the root
}

// start is the argument list up to and including the real program's path.
func (l *launcher) start(name, loader, program string) []string {
	dirs := make([]string, len(l.libraryDirs))
	for i, d := range l.libraryDirs {
		dirs[i] = LauncherDir + "/" + relative(name, d)
	}
	return []string{
		LauncherDir + "/" + relative(name, loader),
		"--inhibit-cache", // the host's ld.so.cache names the host's libraries
		"--library-path", strings.Join(dirs, ":"),
	}
}

// program moves an ELF program away and installs its launcher.
func (l *launcher) program(name, interp string) error {
	loader := l.tree.resolve(strings.TrimPrefix(interp, "/"))
	if loader == "" {
		loader = usrMerged(strings.TrimPrefix(interp, "/"))
		if _, ok := l.tree.modes[loader]; !ok {
			return nil // another architecture's program: data here
		}
	}
	l.programs[name] = loader
	args := l.start(name, loader, name)
	args = append(args, "--argv0", LauncherSelf, LauncherDir+"/"+relative(name, elfDir+"/"+name))
	return l.replace(name, elfDir+"/"+name, args)
}

// script does the same for a script, when its interpreter is in the root;
// otherwise it could only run on the host's and is removed.
func (l *launcher) script(name string) error {
	file := filepath.Join(l.tree.dir, name)
	interp, arg, err := shebang(file)
	if err != nil || interp == "" {
		return err
	}
	program := l.tree.resolve(interp)
	if program == "" {
		program = usrMerged(interp)
	}
	loader, ok := l.programs[program]
	if !ok {
		delete(l.tree.modes, name)
		return os.Remove(file)
	}
	args := l.start(name, loader, program)
	args = append(args, "--argv0", LauncherDir+"/"+relative(name, program), LauncherDir+"/"+relative(name, elfDir+"/"+program))
	if arg != "" {
		args = append(args, arg)
	}
	args = append(args, LauncherDir+"/"+relative(name, scriptDir+"/"+name))
	return l.replace(name, scriptDir+"/"+name, args)
}

func (l *launcher) replace(name, to string, args []string) error {
	image, err := Configure(l.image, args)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	from, dest := filepath.Join(l.tree.dir, name), filepath.Join(l.tree.dir, to)
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
		return err
	}
	if err := os.Rename(from, dest); err != nil {
		return err
	}
	return os.WriteFile(from, image, 0o755)
}

// shebang reads a script's interpreter (relative to the root) and its one
// argument; "" where the file is no script. "env NAME" is read as NAME in usr/bin.
func shebang(file string) (interp, arg string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, 256)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", "", err
	}
	rest, ok := strings.CutPrefix(line, "#!")
	if !ok {
		return "", "", nil
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return "", "", nil
	}
	if path.Base(fields[0]) == "env" && len(fields) > 1 {
		fields = append([]string{"usr/bin/" + fields[1]}, fields[2:]...)
	}
	return strings.TrimPrefix(fields[0], "/"), strings.Join(fields[1:], " "), nil
}

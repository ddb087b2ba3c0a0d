// SPDX-License-Identifier: Apache-2.0

package debs

import (
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
)

// Folders of packages that only people read.
var unread = []string{
	"usr/lib/debug/",
	"usr/share/doc/",
	"usr/share/locale/",
	"usr/share/man/",
	"usr/share/maven-repo/",
}

// Unpack writes the files of a package below dir, without its documentation.
// Owners and times are not kept: the result belongs to whoever unpacks it.
// os.Root keeps every file below the folder, whatever a symbolic link says.
func Unpack(file, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return deb.WalkFile(file, func(e *deb.Entry, body io.Reader) error {
		if e.Name == "." || skip(e.Name) {
			return nil
		}
		if e.Kind == deb.Dir {
			return root.MkdirAll(e.Name, 0o755)
		}
		if err := root.MkdirAll(path.Dir(e.Name), 0o755); err != nil {
			return err
		}
		switch e.Kind {
		case deb.Symlink:
			return root.Symlink(e.Link, e.Name)
		case deb.Hardlink:
			return root.Link(e.Link, e.Name)
		}
		return writeFile(root, e, body)
	})
}

func skip(name string) bool {
	for _, folder := range unread {
		if strings.HasPrefix(name+"/", folder) {
			return true
		}
	}
	return false
}

func writeFile(root *os.Root, e *deb.Entry, body io.Reader) error {
	mode := os.FileMode(0o644)
	if e.Mode&0o111 != 0 {
		mode = 0o755
	}
	f, err := root.OpenFile(e.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	return errors.Join(err, f.Close())
}

// SPDX-License-Identifier: Apache-2.0

package rpm

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
)

const (
	cpioHeader = 110
	maxName    = 4096
	maxFiles   = 2_000_000
	maxBytes   = 64 << 30

	// File types of stat(2).
	modeType    = 0o170000
	modeDir     = 0o040000
	modeRegular = 0o100000
	modeSymlink = 0o120000
)

// cpioReader reads the "new ASCII" form of cpio (cpio(5), 070701).
type cpioReader struct {
	r    io.Reader
	left int64 // bytes of the current contents
	pad  int64 // bytes after it
}

// node is what a cpio header says.
type node struct {
	name         string
	mode         uint32
	links        uint32
	inode, maj   uint32
	min          uint32
	size         int64
	link         string
	end, regular bool
}

func (c *cpioReader) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	if err == io.EOF && c.left > 0 {
		err = truncated(err)
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (c *cpioReader) next() (*node, error) {
	if _, err := io.CopyN(io.Discard, c.r, c.left+c.pad); err != nil {
		return nil, truncated(err)
	}
	c.left, c.pad = 0, 0
	var h [cpioHeader]byte
	if _, err := io.ReadFull(c.r, h[:]); err != nil {
		return nil, truncated(err)
	}
	switch string(h[:6]) {
	case "070701", "070702":
	case "07070X":
		return nil, errors.New("a file of 4 GiB or more is inside, which no kernel header is")
	default:
		return nil, fmt.Errorf("damaged: %q instead of a file's header", h[:6])
	}
	var field [13]uint32
	for i := range field {
		v, err := strconv.ParseUint(string(h[6+8*i:][:8]), 16, 32)
		if err != nil {
			return nil, fmt.Errorf("damaged: %q in a file's header", h[6+8*i:][:8])
		}
		field[i] = uint32(v)
	}
	n := &node{inode: field[0], mode: field[1], links: field[4], size: int64(field[6]), maj: field[7], min: field[8]}
	length := field[11]
	if length < 2 || length > maxName {
		return nil, fmt.Errorf("damaged: a name of %d bytes", length)
	}
	name := make([]byte, length+padding(cpioHeader+int64(length)))
	if _, err := io.ReadFull(c.r, name); err != nil {
		return nil, truncated(err)
	}
	if name[length-1] != 0 {
		return nil, fmt.Errorf("damaged: the name %.80q does not end", name)
	}
	n.name = string(name[:length-1])
	n.end = n.name == "TRAILER!!!"
	if n.end {
		return n, nil
	}
	n.regular = n.mode&modeType == modeRegular
	c.left, c.pad = n.size, int64(padding(n.size))
	if n.mode&modeType == modeSymlink {
		if n.size < 1 || n.size > maxName {
			return nil, fmt.Errorf("the link %.80q leads to %d bytes of text", n.name, n.size)
		}
		text, err := io.ReadAll(c)
		if err != nil {
			return nil, err
		}
		if n.link = string(text); strings.ContainsRune(n.link, 0) {
			return nil, fmt.Errorf("the link %.80q leads to %.80q", n.name, n.link)
		}
	}
	return n, nil
}

func padding(n int64) uint32 { return uint32(-n & 3) }

// walkCPIO calls f for each entry. Of a file with several names only the last
// one of the archive has the contents: the others wait for it.
func walkCPIO(r io.Reader, f func(*Entry, io.Reader) error) error {
	type file struct{ inode, maj, min uint32 }
	waiting := map[file][]*Entry{}
	var order []file
	c := &cpioReader{r: r}
	var total int64
	for count := 0; ; count++ {
		n, err := c.next()
		if err != nil {
			return err
		}
		if n.end {
			break
		}
		if total += n.size; count >= maxFiles || total > maxBytes {
			return fmt.Errorf("more than %d files or %d bytes", maxFiles, int64(maxBytes))
		}
		e, err := n.entry()
		if err != nil {
			return err
		}
		id := file{n.inode, n.maj, n.min}
		if n.regular && n.links > 1 && n.size == 0 {
			if waiting[id] == nil {
				order = append(order, id)
			}
			waiting[id] = append(waiting[id], e)
			continue
		}
		if err := f(e, c); err != nil {
			return err
		}
		for _, other := range waiting[id] {
			other.Kind, other.Link = deb.Hardlink, e.Name
			if err := f(other, strings.NewReader("")); err != nil {
				return err
			}
		}
		delete(waiting, id)
	}
	// Those whose contents never came are empty.
	for _, id := range order {
		for _, e := range waiting[id] {
			if err := f(e, strings.NewReader("")); err != nil {
				return err
			}
		}
		delete(waiting, id)
	}
	// Reading on lets the decompressor see its own checksum.
	_, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20))
	return err
}

func (n *node) entry() (*Entry, error) {
	p := strings.TrimPrefix(strings.TrimPrefix(n.name, "./"), "/")
	if p == "" {
		p = "."
	}
	clean := path.Clean(p)
	if strings.ContainsRune(p, 0) || strings.Contains("/"+p+"/", "/../") || !filepath.IsLocal(clean) {
		return nil, fmt.Errorf("the name %.80q leads out of the package", n.name)
	}
	e := &Entry{Name: clean, Mode: fs.FileMode(n.mode) & fs.ModePerm}
	switch n.mode & modeType {
	case modeRegular:
		e.Kind, e.Size = deb.File, n.size
	case modeDir:
		e.Kind = deb.Dir
	case modeSymlink:
		e.Kind, e.Link = deb.Symlink, n.link
	default:
		return nil, fmt.Errorf("%q is of type %o, which no package of ours may contain", n.name, n.mode&modeType)
	}
	if clean == "." && e.Kind != deb.Dir {
		return nil, fmt.Errorf("the root folder is a %s", e.Kind)
	}
	return e, nil
}

// SPDX-License-Identifier: Apache-2.0

package rpm

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

// The "newc" form of cpio: headers of 13 hexadecimal numbers of eight digits,
// names and contents padded to multiples of four bytes.
const (
	cpioHeader  = 6 + 13*8
	cpioTrailer = "TRAILER!!!"
	maxName     = 4096
	maxEntries  = 1 << 20

	modeType    = 0o170000
	modeRegular = 0o100000
	modeDir     = 0o040000
	modeSymlink = 0o120000
)

// record is a header of the archive.
type record struct {
	inode, mode, links, size, nameSize int64
}

func walkCpio(r io.Reader, f func(e *Entry, body io.Reader) error) error {
	// Of files with several names, the archive has the contents with the last.
	waiting := map[int64][]Entry{} // by inode
	for count := 0; ; count++ {
		if count > maxEntries {
			return fmt.Errorf("the package has more than %d files", maxEntries)
		}
		rec, name, err := readRecord(r)
		if err != nil {
			return fmt.Errorf("damaged payload: %w", err)
		}
		if name == cpioTrailer {
			return nil
		}
		e := Entry{Size: rec.size, Mode: fs.FileMode(rec.mode & 0o777)}
		if e.Name, err = clean(name); err != nil {
			return err
		}
		body := &io.LimitedReader{R: r, N: rec.size}
		switch rec.mode & modeType {
		case modeDir:
			e.Kind = Dir
		case modeSymlink:
			e.Kind = Symlink
			if rec.size < 1 || rec.size > maxName {
				return fmt.Errorf("damaged payload: the link %s leads to a name of %d bytes", e.Name, rec.size)
			}
			target, err := readExactly(body, rec.size)
			if err != nil {
				return fmt.Errorf("damaged payload: %w", err)
			}
			e.Link, e.Size = string(target), 0
		case modeRegular:
			if rec.links > 1 && rec.size == 0 {
				waiting[rec.inode] = append(waiting[rec.inode], e)
				continue
			}
		default:
			return fmt.Errorf("%s is neither a file nor a folder nor a link", e.Name)
		}
		if err := f(&e, body); err != nil {
			return err
		}
		if e.Kind == File {
			for _, other := range waiting[rec.inode] {
				other.Kind, other.Link, other.Size = Hardlink, e.Name, 0
				if err := f(&other, strings.NewReader("")); err != nil {
					return err
				}
			}
			delete(waiting, rec.inode)
		}
		// What f did not read, and the padding.
		if _, err := io.CopyN(io.Discard, r, body.N+(-rec.size&3)); err != nil {
			return fmt.Errorf("damaged payload: %s: %w", e.Name, cut(err))
		}
	}
}

func readRecord(r io.Reader) (record, string, error) {
	var rec record
	header := make([]byte, cpioHeader)
	if _, err := io.ReadFull(r, header); err != nil {
		return rec, "", cut(err)
	}
	if magic := string(header[:6]); magic != "070701" && magic != "070702" {
		return rec, "", fmt.Errorf("a file begins with %q and not with 070701", magic)
	}
	number := func(i int) (n int64) {
		n, err := strconv.ParseInt(string(header[6+8*i:14+8*i]), 16, 64)
		if err != nil || n < 0 {
			return -1
		}
		return n
	}
	rec = record{inode: number(0), mode: number(1), links: number(4), size: number(6), nameSize: number(11)}
	if min(rec.inode, rec.mode, rec.links, rec.size) < 0 {
		return rec, "", errors.New("a number in it is none")
	}
	if rec.nameSize < 2 || rec.nameSize > maxName {
		return rec, "", fmt.Errorf("a name of %d bytes", rec.nameSize)
	}
	name, err := readExactly(r, rec.nameSize+(-(cpioHeader+rec.nameSize)&3))
	if err != nil {
		return rec, "", err
	}
	return rec, strings.TrimRight(string(name[:rec.nameSize]), "\x00"), nil
}

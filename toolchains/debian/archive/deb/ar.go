// SPDX-License-Identifier: Apache-2.0

package deb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	arMagic      = "!<arch>\n"
	arHeaderSize = 60
	// maxMember bounds a member of the outer archive; no package of Debian
	// comes near it.
	maxMember = 16 << 30
)

// arReader reads the members of an ar archive in the form that dpkg writes.
type arReader struct {
	r       *bufio.Reader
	current *body
	pad     bool
}

// body is the contents of a member; a file that ends inside it is an error.
type body struct {
	r    io.Reader
	left int64
}

func (b *body) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err == io.EOF && b.left > 0 {
		err = fmt.Errorf("truncated: %d bytes are missing: %w", b.left, io.ErrUnexpectedEOF)
	}
	return n, err
}

func newArReader(r io.Reader) (*arReader, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	magic := make([]byte, len(arMagic))
	if _, err := io.ReadFull(br, magic); err != nil || string(magic) != arMagic {
		return nil, errors.New("not a Debian package: it does not start as an ar archive")
	}
	return &arReader{r: br}, nil
}

// next goes to the next member; io.EOF is the archive's proper end.
func (a *arReader) next() (name string, contents io.Reader, err error) {
	if a.current != nil {
		if _, err := io.Copy(io.Discard, a.current); err != nil {
			return "", nil, err
		}
		if a.pad {
			if _, err := a.r.Discard(1); err != nil && err != io.EOF {
				return "", nil, err
			}
		}
	}
	var h [arHeaderSize]byte
	switch _, err := io.ReadFull(a.r, h[:]); {
	case err == io.EOF:
		return "", nil, io.EOF
	case err == io.ErrUnexpectedEOF:
		return "", nil, errors.New("truncated inside a member's header")
	case err != nil:
		return "", nil, err
	}
	if string(h[58:]) != "`\n" {
		return "", nil, errors.New("damaged: a member's header does not end as it must")
	}
	size, err := strconv.ParseInt(strings.TrimRight(string(h[48:58]), " "), 10, 64)
	if err != nil || size < 0 || size > maxMember {
		return "", nil, fmt.Errorf("damaged: a member of size %q", strings.TrimRight(string(h[48:58]), " "))
	}
	name = strings.TrimSuffix(strings.TrimRight(string(h[:16]), " "), "/")
	a.current = &body{r: a.r, left: size}
	a.pad = size%2 == 1
	return name, a.current, nil
}

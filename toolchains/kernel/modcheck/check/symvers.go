// SPDX-License-Identifier: Apache-2.0

package check

import (
	"archive/tar"
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// symbol is one line of Module.symvers.
type symbol struct {
	crc       uint32
	namespace string
}

// readSymvers finds Module.symvers in packed headers.
func readSymvers(archive string) (map[string]symbol, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", archive, err)
	}
	defer z.Close()
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil, fmt.Errorf("%s: no Module.symvers inside: is it the package of the flavour?", archive)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", archive, err)
		}
		if path.Base(h.Name) == "Module.symvers" {
			symbols, err := parseSymvers(t)
			if err != nil {
				return nil, fmt.Errorf("%s: Module.symvers: %w", archive, err)
			}
			return symbols, nil
		}
	}
}

// parseSymvers reads lines of "crc<TAB>symbol<TAB>object<TAB>export type[<TAB>namespace]"
// (Documentation/kbuild/modules.rst).
func parseSymvers(r io.Reader) (map[string]symbol, error) {
	symbols := map[string]symbol{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		if lines.Text() == "" {
			continue
		}
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) < 4 {
			return nil, fmt.Errorf("line %d has %d fields, at least 4 were expected", n, len(fields))
		}
		crc, err := strconv.ParseUint(fields[0], 0, 32)
		if err != nil {
			return nil, fmt.Errorf("line %d: checksum %q: %w", n, fields[0], err)
		}
		s := symbol{crc: uint32(crc)}
		if len(fields) > 4 {
			s.namespace = fields[4]
		}
		symbols[fields[1]] = s
	}
	return symbols, lines.Err()
}

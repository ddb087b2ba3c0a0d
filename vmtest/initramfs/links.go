// SPDX-License-Identifier: Apache-2.0

package initramfs

import (
	"fmt"
	"path"
	"strings"
)

// maxLinks is how many links the kernel follows in one path.
const maxLinks = 40

// Follow follows the links of an absolute path as the guest's kernel would: above / is
// /. target says where the link at a clean absolute path leads, ok is false where there
// is none. The result is clean; nothing says that something is there.
func Follow(p string, target func(at string) (link string, ok bool)) (string, error) {
	todo := strings.Split(p, "/")
	at, hops := "/", 0
	for len(todo) > 0 {
		next := path.Join(at, todo[0]) // of "", "." and ".." too
		step := todo[0] != "" && todo[0] != "." && todo[0] != ".."
		todo = todo[1:]
		link, ok := "", false
		if step {
			link, ok = target(next)
		}
		if !ok {
			at = next
			continue
		}
		if hops++; hops > maxLinks {
			return "", fmt.Errorf("more than %d links, one after the other", maxLinks)
		}
		if path.IsAbs(link) {
			at = "/"
		}
		todo = append(strings.Split(link, "/"), todo...)
	}
	return at, nil
}

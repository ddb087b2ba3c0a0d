// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Attempt is a place that was tried and what came of it.
type Attempt struct {
	Place  string
	Result string
}

// NotFoundError says that each place was asked and none has the file.
type NotFoundError struct {
	File  File
	Tried []Attempt
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("%s (sha256 %s…) is in none of %s; refresh the lock that names it, or put the file into a folder and set TIDELOCK_DISTDIR to it",
		e.File.Name(), short(e.File.SHA256), summary(e.Tried))
}

// UnreachableError says that no place gave the file and at least one of them
// could not be asked, so that another run may succeed.
type UnreachableError struct {
	File  File
	Tried []Attempt
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s cannot be downloaded: %s; check the network (proxies come from the environment: https_proxy, no_proxy) and run it again",
		e.File.Name(), summary(e.Tried))
}

// ChecksumError says that what came from the last place is not the file.
type ChecksumError struct {
	File  File
	Place string
	// Got is the checksum of what came, or says why it cannot be the file.
	Got   string
	Tried []Attempt
}

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("%s: %s gave a different file: wanted sha256 %s, got %s; nothing was kept. If the archive replaced the file, refresh the lock that names it",
		e.File.Name(), e.Place, e.File.SHA256, e.Got)
}

// DiskError says that the cache cannot be written.
type DiskError struct {
	Path string
	Err  error
}

func (e *DiskError) Error() string {
	if e.Full() {
		return fmt.Sprintf("no space left for %s: free some, or set XDG_CACHE_HOME to a larger file system (%v)", e.Path, e.Err)
	}
	return fmt.Sprintf("cannot write %s: %v", e.Path, e.Err)
}

func (e *DiskError) Unwrap() error { return e.Err }

// Full tells whether the file system or the user's quota is used up.
func (e *DiskError) Full() bool {
	return errors.Is(e.Err, syscall.ENOSPC) || errors.Is(e.Err, syscall.EDQUOT)
}

// summary lists what was tried in one line, at most four places of it.
func summary(tried []Attempt) string {
	if len(tried) == 0 {
		return "no place at all (apt names no Debian mirror here, and neither TIDELOCK_DEBIAN_MIRROR nor TIDELOCK_DISTDIR is set)"
	}
	const most = 4
	var b strings.Builder
	for i, a := range tried {
		if i == most && len(tried) > most+1 {
			fmt.Fprintf(&b, " and %d more", len(tried)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s (%s)", a.Place, a.Result)
	}
	return b.String()
}

func short(sum string) string { return sum[:min(12, len(sum))] }

// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Options says what a cluster is made of.
type Options struct {
	Servers  string    // folder with bb_storage, bb_scheduler, bb_worker and bb_runner
	Shell    string    // tool root with bash and coreutils, for tests; empty: no tests
	Dir      string    // folder for everything that the cluster writes; it exists and is empty
	Address  string    // where clients connect, host:port
	TLS      bool      // clients connect by TLS, with a certificate made for this run
	Jobs     int       // actions executed at a time, in each of the two rooms
	CASBytes int64     // size of the cache of files
	Log      io.Writer // what the servers have to say
}

// programs are Buildbarn's four.
var programs = []string{"bb_storage", "bb_scheduler", "bb_worker", "bb_runner"}

// maxSocketPath is what the kernel takes as the name of a socket.
const maxSocketPath = 107

// longestSocket is the longest name of a socket below Dir.
const longestSocket = "rooms/shell/run/runner.sock"

// check completes the options, with absolute paths, and refuses what cannot work.
func (o *Options) check() error {
	var err error
	if o.Servers, err = filepath.Abs(o.Servers); err != nil {
		return err
	}
	for _, name := range programs {
		if _, err := os.Stat(filepath.Join(o.Servers, name)); err != nil {
			return fmt.Errorf("no Buildbarn server: %w; tools/bazel run //tools/buildbarn:cluster builds them and says where they are", err)
		}
	}
	if o.Shell != "" {
		if o.Shell, err = filepath.Abs(o.Shell); err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(o.Shell, "usr/bin/bash")); err != nil {
			return fmt.Errorf("the tool root for tests has no shell: %w", err)
		}
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return err
	}
	if n := len(filepath.Join(o.Dir, longestSocket)); n > maxSocketPath {
		return fmt.Errorf("the folder %s is too deep: sockets in it would have names of %d bytes, and %d are possible; choose another one with --dir", o.Dir, n, maxSocketPath)
	}
	if o.Jobs < 1 {
		return fmt.Errorf("%d jobs: there has to be at least one", o.Jobs)
	}
	if o.CASBytes < 1<<28 {
		return fmt.Errorf("a cache of %d bytes is too small: a compiler alone has more; 256 MiB is the least", o.CASBytes)
	}
	if _, ok := arches[runtime.GOARCH]; !ok {
		return fmt.Errorf("no platform in //toolchains/platforms is for %s", runtime.GOARCH)
	}
	return nil
}

// arches are the values of the property Arch in //toolchains/platforms.
var arches = map[string]string{"amd64": "amd64", "arm64": "arm64"}

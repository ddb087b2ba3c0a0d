// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
)

// spawn is what is read of an entry of Bazel's execution log.
type spawn struct {
	Mnemonic    string `json:"mnemonic"`
	TargetLabel string `json:"targetLabel"`
	Runner      string `json:"runner"`
	CacheHit    bool   `json:"cacheHit"`
	ExitCode    int    `json:"exitCode"`
}

// Runners as Bazel names them.
const (
	runnerRemote   = "remote"
	runnerCacheHit = "remote cache hit"
)

// Count says how a build's actions were executed.
type Count struct {
	Remote    int            `json:"remote"`     // executed by a worker
	CacheHits int            `json:"cache_hits"` // taken from the remote cache
	Elsewhere []string       `json:"elsewhere"`  // executed in any other way: what and how
	Mnemonics map[string]int `json:"mnemonics"`  // all, by kind
}

// Total is the number of actions.
func (c *Count) Total() int { return c.Remote + c.CacheHits + len(c.Elsewhere) }

// readLog counts the entries of an execution log in JSON.
func readLog(r io.Reader) (*Count, error) {
	c := &Count{Elsewhere: []string{}, Mnemonics: map[string]int{}}
	entries := json.NewDecoder(r)
	for n := 1; ; n++ {
		var s spawn
		switch err := entries.Decode(&s); {
		case errors.Is(err, io.EOF):
			sort.Strings(c.Elsewhere)
			return c, nil
		case err != nil:
			return nil, fmt.Errorf("execution log, entry %d: %w; it ends early when Bazel is killed", n, err)
		case s.Runner == "" || s.Mnemonic == "":
			return nil, fmt.Errorf("execution log, entry %d: no runner or no mnemonic; this is not what --execution_log_json_file writes", n)
		}
		c.Mnemonics[s.Mnemonic]++
		switch {
		case s.Runner == runnerRemote && !s.CacheHit:
			c.Remote++
		case s.Runner == runnerCacheHit:
			c.CacheHits++
		default:
			c.Elsewhere = append(c.Elsewhere, fmt.Sprintf("%s of %s: %s", s.Mnemonic, s.TargetLabel, s.Runner))
		}
	}
}

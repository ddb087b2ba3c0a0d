// SPDX-License-Identifier: Apache-2.0

package report

import (
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// maxLog is how much of test.log is looked at: what counts stands in its first lines.
const maxLog = 64 << 10

// Lines of a test's log: Bazel's own, the three ways in which vmrun and vmnetrun
// begin, and what Go prints where neither of them came to that. Only vmrun says how
// large its guest is; vmnetrun names the kernel of each role instead.
var (
	logLabel = regexp.MustCompile(`^Executing tests from (\S+)$`)
	logRun   = regexp.MustCompile(`^vmtest: (\S+) on (.+?)(, \d+ MiB, \d+ CPUs)?$`)
	logSkip  = regexp.MustCompile(`^SKIP  (\S+) on ([^:]+): (.+)$`)
	logError = regexp.MustCompile(`^vm(?:net)?run: (.+)$`)
	logUsage = regexp.MustCompile(`^Usage: vm(?:net)?run `)
	logCrash = regexp.MustCompile(`^(?:panic|fatal error|runtime): `)
	logBegin = regexp.MustCompile(`^-{20,}$`) // ends what Bazel writes above it
)

// log is what a test's log says.
type log struct {
	label, kernel string
	roles         []Role // of a test of several guests
	vm            bool   // vmrun or vmnetrun wrote it
	other         bool   // something else did
	skip, failed  string // why nothing ran
}

// readLog reads the beginning of the log of the test at rel; there may be none.
func readLog(file, rel string) log {
	var l log
	f, err := openRegular(file)
	if err != nil {
		return l
	}
	defer f.Close()
	data, _ := io.ReadAll(io.LimitReader(f, maxLog)) // half a log is read like a whole one
	begins, first := false, ""                       // the next line is the runner's first one; that line
	for text := range strings.Lines(string(data)) {
		text = strings.TrimRight(text, "\r\n")
		if m := logLabel.FindStringSubmatch(text); m != nil && l.label == "" {
			l.label = m[1]
		}
		// Only the runner's first word counts: what follows may be the guest's. Another
		// test may print such a line too, but not with its own label.
		if m := logRun.FindStringSubmatch(text); m != nil && belongs(m[1], rel) {
			l = log{vm: true, label: m[1], kernel: m[2]}
			if m[3] == "" {
				l.roles = roleKernels(m[2])
			}
			return l
		}
		if m := logSkip.FindStringSubmatch(text); m != nil && belongs(m[1], rel) {
			return log{vm: true, label: m[1], kernel: m[2], roles: roleKernels(m[2]), skip: m[3]}
		}
		if m := logError.FindStringSubmatch(text); m != nil && begins {
			l.vm, l.failed = true, m[1]
			return l
		}
		if logUsage.MatchString(text) && first != "" {
			l.vm, l.failed = true, first // the flag that --test_arg gave it
			return l
		}
		// A crash may be anybody's: the test's name has to say the rest.
		if logCrash.MatchString(text) && begins {
			l.failed = text
			return l
		}
		switch {
		case begins && text == "":
		case begins:
			begins, first, l.other = false, text, true
		default:
			begins, first = !l.other && logBegin.MatchString(text), ""
		}
	}
	return l
}

// roleKernels takes "client=KERNEL server=KERNEL" apart, as vmnetrun writes it. What
// is something else has no roles.
func roleKernels(s string) []Role {
	var roles []Role
	for _, field := range strings.Fields(s) {
		role, kernel, ok := strings.Cut(field, "=")
		if !ok || kernel == "" || !wire.ValidName(role) || slices.ContainsFunc(roles, func(r Role) bool { return r.Name == role }) {
			return nil
		}
		k := parseKernel(line(kernel), "")
		roles = append(roles, Role{Name: role, Kernel: k.Key, Arch: k.Arch})
	}
	if len(roles) < 2 {
		return nil // the name of one kernel that has such a sign in it
	}
	return roles
}

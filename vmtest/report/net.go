// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/vmtest/runner"
	"github.com/tidelock/tidelock/vmtest/verdict"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// result is a result.json: that of vmrun, or that of vmnetrun, whose fields with the
// same names mean the same. vmnetrun always writes both roles and wire.
type result struct {
	runner.Result
	Roles   []*runner.RoleResult `json:"roles"`
	Wire    *runner.Wire         `json:"wire"`
	Seconds float64              `json:"seconds"`
}

// net tells whether vmnetrun wrote the result.
func (r *result) net() bool { return r.Wire != nil || r.Roles != nil }

// checkRoles finds roles that could not be shown.
func (r *result) checkRoles() error {
	seen := map[string]bool{}
	for i, role := range r.Roles {
		switch {
		case role == nil || role.Result == nil || role.Class == "":
			return fmt.Errorf("roles[%d] has no class", i)
		// The name becomes a part of the names of files.
		case !wire.ValidName(role.Role) || seen[role.Role]:
			return fmt.Errorf("roles[%d].role is no name, or stands there twice: %q", i, line(role.Role))
		case role.Schema != schema:
			return fmt.Errorf("roles[%d] has schema %d, and this report reads schema %d", i, role.Schema, schema)
		}
		seen[role.Role] = true
	}
	return nil
}

// Role is one guest of a test of several.
type Role struct {
	// Name is what the test calls it.
	Name string `json:"name"`
	// Kernel and Arch are as those of a Cell.
	Kernel string `json:"kernel"`
	Arch   string `json:"arch"`
	// Class and Title are the verdict on this guest; empty where there is no result.
	Class verdict.Class `json:"class,omitempty"`
	Title string        `json:"title,omitempty"`
	// Follows is true for a guest that was ended because another had failed.
	Follows bool `json:"follows,omitempty"`
	// Release is what uname -r said, Accel what the guest ran on.
	Release string `json:"release,omitempty"`
	Accel   string `json:"accel,omitempty"`
	// Times are in seconds.
	Times runner.Times `json:"times,omitzero"`
}

// consoleFile is the name of the guest's console among the outputs of the test.
func (r *Role) consoleFile() string { return r.Name + "." + consoleFile }

// Verdict is the verdict in one line.
func (r *Role) Verdict() string {
	s := verdict.Verdict{Class: r.Class, Title: r.Title}.String()
	if r.Follows {
		s += " (because of another role)"
	}
	return s
}

// fillRoles takes over what the result of several guests has in its roles. What is
// listed for the whole has the role in front, as the verdict's title has.
func (c *Cell) fillRoles(r *result) {
	c.Times = runner.Times{Total: r.Seconds} // the rest is each guest's own, and Boot the longest
	for _, role := range r.Roles {
		var own Cell
		own.fill(role.Result)
		k := parseKernel(line(role.Kernel), line(role.Arch))
		c.Roles = append(c.Roles, Role{
			Name: role.Role, Kernel: cmp.Or(k.Key, "unknown kernel"), Arch: k.Arch, Class: own.Class, Title: own.Title,
			Follows: role.Follows, Release: own.Release, Accel: own.Accel, Times: own.Times,
		})
		c.Times.Boot = max(c.Times.Boot, own.Times.Boot)
		for _, p := range own.Programs {
			p.Name = role.Role + "." + p.Name // as in the JUnit report
			c.Programs = append(c.Programs, p)
		}
		for _, s := range own.Reports {
			s.Title = role.Role + ": " + s.Title
			c.Reports = append(c.Reports, s)
		}
		for _, s := range own.Ignored {
			c.Ignored = append(c.Ignored, role.Role+": "+s)
		}
		for _, s := range own.Notes {
			c.Notes = append(c.Notes, role.Role+": "+s)
		}
	}
	if w := r.Wire; w != nil {
		c.Wire = fmt.Sprintf("%s with %s of payload", plural(int(w.Frames), "frame"), plural(int(w.Payload), "byte"))
		if w.Unrecorded > 0 {
			c.Wire += fmt.Sprintf(", and %s that wire.pcapng had no room for", plural(int(w.Unrecorded), "frame"))
		}
	}
}

// columns are the kernels in whose columns the result stands. That of several guests
// stands in the column of each kernel that took part, since a reader who looks down a
// column asks what became of one kernel, and a column for "several" would answer for
// none. It is the same cell everywhere, with the verdict on the whole: a role's own
// verdict says little, as whoever waited for a server that died has failed too, and
// only of the whole does a test expect a class. So it counts once.
func (c *Cell) columns() []*Kernel {
	if len(c.Roles) == 0 {
		return []*Kernel{parseKernel(c.Kernel, c.Arch)}
	}
	var all []*Kernel
	for _, r := range c.Roles {
		if !slices.ContainsFunc(all, func(k *Kernel) bool { return k.Key == r.Kernel }) {
			all = append(all, parseKernel(r.Kernel, r.Arch))
		}
	}
	return all
}

// RolesOn lists the roles that a kernel had.
func (c *Cell) RolesOn(k *Kernel) []Role {
	var some []Role
	for _, r := range c.Roles {
		if r.Kernel == k.Key {
			some = append(some, r)
		}
	}
	return some
}

// roleNames lists them in words.
func roleNames(roles []Role) string {
	var names []string
	for _, r := range roles {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

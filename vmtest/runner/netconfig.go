// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"fmt"
	"strings"

	"github.com/tidelock/tidelock/tools/strictjson"
	"github.com/tidelock/tidelock/vmtest/verdict"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// NetConfig is a test of several guests on one network, as the Bazel rule writes it
// beside the test's program.
type NetConfig struct {
	// Name is the test's label.
	Name string `json:"name"`
	// Roles are the guests, at least two.
	Roles []Role `json:"roles"`
	// ExpectClass turns the test around, as in Config, for the whole.
	ExpectClass verdict.Class `json:"expect_class,omitempty"`
	// ExpectTitle is a pattern for the whole title, with the role in front.
	ExpectTitle string `json:"expect_title,omitempty"`
	// WireHas lists texts that must have crossed the wire, in one frame or in what one
	// end said to the other over TCP. Where a frame's contents go on in another one in
	// a way that is not put together, such as IP fragments, the verdict is INFRA.
	WireHas []string `json:"wire_has,omitempty"`
	// WireHasNot lists texts that must not. TCP or UDP must have carried something then,
	// and the record must be complete and read as a whole.
	WireHasNot []string `json:"wire_has_not,omitempty"`
}

// Role is one guest.
type Role struct {
	// Role is its name.
	Role string `json:"role"`
	// MAC is the address of its network device, which its initramfs names too.
	MAC string `json:"mac"`
	// Background marks a role whose only program is ended when the others are done.
	Background bool `json:"background,omitempty"`
	// Guest is the machine and what is judged of it.
	Guest Config `json:"guest"`
}

// LoadNet reads and checks a configuration. Relative paths are taken from dir.
func LoadNet(file, dir string) (*NetConfig, error) {
	c := &NetConfig{}
	if err := strictjson.ReadFile(file, c); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %v", file, err)
	}
	for i := range c.Roles {
		c.Roles[i].Guest.takeFrom(dir)
	}
	return c, nil
}

func (c *NetConfig) check() error {
	if c.Name == "" {
		return fmt.Errorf("name: is empty")
	}
	if len(c.Roles) < 2 {
		return fmt.Errorf("roles: a network needs at least two, not %d; vm_test is for one", len(c.Roles))
	}
	roles, macs := map[string]bool{}, map[string]bool{}
	foreground := false
	for i := range c.Roles {
		r := &c.Roles[i]
		where := fmt.Sprintf("roles[%d]", i)
		switch {
		case !wire.ValidName(r.Role) || roles[r.Role]:
			return fmt.Errorf("%s.role: %q is no name, or stands there twice", where, r.Role)
		case !wire.ValidMAC(r.MAC) || macs[r.MAC]:
			return fmt.Errorf("%s.mac: %q is no address of a station, or stands there twice", where, r.MAC)
		case r.Guest.ExpectClass != "" || r.Guest.ExpectTitle != "":
			return fmt.Errorf("%s.guest.expect_class: only the whole test can expect a verdict", where)
		case len(r.Guest.KnownFailures) > 0:
			return fmt.Errorf("%s.guest.known_failures: the other roles hear of a program that failed, whatever excuses it; do without, or test that case in a vm_test", where)
		case r.Background && len(r.Guest.Programs) > 1:
			return fmt.Errorf("%s.guest.programs: a role in the background has one program, not %d: the others end it, and what comes behind it would never run as meant", where, len(r.Guest.Programs))
		}
		roles[r.Role], macs[r.MAC] = true, true
		foreground = foreground || !r.Background
		if err := r.Guest.check(); err != nil {
			return fmt.Errorf("%s.guest.%v", where, err)
		}
	}
	if !foreground {
		return fmt.Errorf("roles: all are in the background: nobody says when the test is over")
	}
	for _, list := range [][]string{c.WireHas, c.WireHasNot} {
		for _, text := range list {
			if text == "" {
				return fmt.Errorf("wire_has, wire_has_not: an empty text is everywhere")
			}
		}
	}
	return checkExpected(c.ExpectClass, c.ExpectTitle)
}

// skip says why the test cannot run, or is empty.
func (c *NetConfig) skip() string {
	var why []string
	for _, r := range c.Roles {
		if r.Guest.Skip != "" {
			why = append(why, r.Role+": "+r.Guest.Skip)
		}
	}
	return strings.Join(why, "; ")
}

// kernels names the kernels of all roles.
func (c *NetConfig) kernels() string {
	var list []string
	for _, r := range c.Roles {
		list = append(list, r.Role+"="+r.Guest.Kernel)
	}
	return strings.Join(list, " ")
}

// timeout is the longest time limit of a role in seconds; the roles start together.
func (c *NetConfig) timeout() int {
	t := 0
	for _, r := range c.Roles {
		t = max(t, r.Guest.TimeoutSeconds)
	}
	return t
}

// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/vmtest/ethernet"
	"github.com/tidelock/tidelock/vmtest/rendezvous"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// NetResult is everything that is known after a test of several guests; it is
// written as JSON. The fields that Result has too mean the same.
type NetResult struct {
	Schema int    `json:"schema"`
	Name   string `json:"name"`
	// Kernel names the kernels of all roles.
	Kernel string `json:"kernel"`
	verdict.Verdict
	// Role is the role that the verdict speaks of, or empty.
	Role     string `json:"role,omitempty"`
	Expected string `json:"expected,omitempty"`
	OK       bool   `json:"ok"`
	// Roles has each guest's own result.
	Roles []*RoleResult `json:"roles"`
	Wire  Wire          `json:"wire"`
	// Seconds is from the first start of QEMU to the last end.
	Seconds float64 `json:"seconds"`
	// broken is why the harness itself could not do its part.
	broken error
}

// RoleResult is the result of one guest.
type RoleResult struct {
	Role       string `json:"role"`
	Background bool   `json:"background,omitempty"`
	// Follows is true when the guest was ended because another had failed.
	Follows bool           `json:"follows,omitempty"`
	Network ethernet.Stats `json:"network"`
	*Result
	outcome   rendezvous.Outcome
	streamErr error
}

// rank orders the classes, the one that explains most first: what a kernel says explains
// the rest, and what the harness lacks spoils it.
var rank = []verdict.Class{verdict.Splat, verdict.Infra, verdict.Leak, verdict.BootFail, verdict.Hang, verdict.TestFail, verdict.Pass}

// judge decides about the whole: the worst of the roles. Those that were only ended
// after another had failed come last; of equals the one that waited for nobody is to
// blame, then the one that failed first. The wire is asked where all roles pass.
func (r *NetResult) judge(c *NetConfig, group *rendezvous.Group) *NetResult {
	for _, role := range r.Roles {
		role.refine()
	}
	r.Verdict = verdict.Verdict{Class: verdict.Pass}
	order := slices.Clone(r.Roles)
	slices.SortStableFunc(order, func(a, b *RoleResult) int {
		return cmp.Or(
			cmp.Compare(bit(a.Follows), bit(b.Follows)),
			cmp.Compare(slices.Index(rank, a.Class), slices.Index(rank, b.Class)),
			// Of two that hang, the one that waits for the other is not to blame.
			cmp.Compare(bit(a.outcome.Waiting != ""), bit(b.outcome.Waiting != "")),
			cmp.Compare(first(a.outcome.Order), first(b.outcome.Order)),
		)
	})
	for _, role := range order {
		if role.Class != verdict.Pass {
			r.Role, r.Verdict = role.Role, role.Verdict
			r.Title = role.Role + ": " + role.Title
			break
		}
	}
	if r.broken != nil && r.Class != verdict.Splat {
		r.Role, r.Verdict = "", verdict.Verdict{Class: verdict.Infra, Title: "the network could not be made", Detail: r.broken.Error()}
	}
	if r.Class == verdict.Pass {
		r.Verdict = r.Wire.judge(c)
	}
	r.OK = r.Class == verdict.Pass
	if c.ExpectClass != "" {
		re, _ := wholeMatch(c.ExpectTitle) // checked by LoadNet
		r.Expected = string(c.ExpectClass) + ": " + c.ExpectTitle
		r.OK = r.Class == c.ExpectClass && (c.ExpectTitle == "" || re.MatchString(r.Title))
	}
	return r
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// first puts roles that did not fail behind those that did.
func first(order int) int {
	if order == 0 {
		return 1 << 30
	}
	return order
}

// refine adds to a role's verdict what only the group knows.
func (r *RoleResult) refine() {
	r.Follows = r.Title == endedEarly && r.outcome.Order != 1
	switch {
	case r.Title == endedEarly && r.outcome.Order == 1:
		// It failed first, and did not come to its end after that.
		r.Verdict = verdict.Verdict{Class: r.Class, Title: r.outcome.Failed, Detail: r.Detail}
	case r.streamErr != nil && r.Class != verdict.Splat:
		r.Verdict = verdict.Verdict{Class: verdict.Infra, Title: "the network's stream cannot be trusted", Detail: r.streamErr.Error()}
	case r.Class == verdict.Pass && r.outcome.Failed != "":
		r.Verdict = verdict.Verdict{Class: verdict.TestFail, Title: r.outcome.Failed}
	case r.Class != verdict.Pass && r.outcome.Waiting != "":
		r.Detail = strings.TrimPrefix(r.Detail+"\nwaiting at barrier "+r.outcome.Waiting, "\n")
	}
	r.OK = r.Class == verdict.Pass
}

// Summary is the test in one line.
func (r *NetResult) Summary() string {
	n, boot := 0, 0.0
	for _, role := range r.Roles {
		boot = max(boot, role.Times.Boot)
		for _, p := range role.Programs {
			n += max(1, len(p.Cases))
		}
	}
	return fmt.Sprintf("%s  %s on %s: %d results, %d frames, boot %.1f s, in all %.1f s",
		r.Verdict, r.Name, r.Kernel, n, r.Wire.Frames, boot, r.Seconds)
}

// Explain writes what a person needs who sees the test fail.
func (r *NetResult) Explain(w io.Writer) {
	if r.Detail != "" {
		fmt.Fprintf(w, "%s\n", printable([]byte(strings.TrimRight(r.Detail, "\n"))))
	}
	if r.Expected != "" {
		fmt.Fprintf(w, "expected verdict: %s\n", r.Expected)
	}
	for _, role := range r.Roles {
		fmt.Fprintf(w, "role %s on %s: %s\n", role.Role, role.Kernel, role.Verdict)
	}
	for _, role := range r.Roles {
		// Who is fine needs no console here; it is in the outputs.
		if role.Class != verdict.Pass {
			fmt.Fprintf(w, "%s\nrole %s\n", strings.Repeat("=", 72), role.Role)
			role.Explain(w)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"reflect"
	"slices"
	"testing"
)

func take(s *schedule, n int) (steps []step) {
	for range n {
		steps = append(steps, s.next())
	}
	return steps
}

func TestScheduleComesFromSeed(t *testing.T) {
	first := take(newSchedule(42, 0, 5), 50)
	if again := take(newSchedule(42, 0, 5), 50); !reflect.DeepEqual(first, again) {
		t.Errorf("the same seed gave %v and %v", first, again)
	}
	for what, other := range map[string]*schedule{"seed": newSchedule(43, 0, 5), "lane": newSchedule(42, 1, 5)} {
		if reflect.DeepEqual(first, take(other, 50)) {
			t.Errorf("another %s gave the same order", what)
		}
	}
}

// What a step takes for itself does not move the steps after it.
func TestStepsAreIndependent(t *testing.T) {
	a, b := newSchedule(7, 0, 3), newSchedule(7, 0, 3)
	for range 20 {
		x, y := a.next(), b.next()
		if x != y {
			t.Fatalf("%v and %v", x, y)
		}
		x.rnd().Perm(100)
		if x.rnd().Uint64() != y.rnd().Uint64() {
			t.Fatal("a step's choices differ")
		}
	}
}

func TestEveryRoundHasAll(t *testing.T) {
	s := newSchedule(1, 1, 6)
	for range 10 {
		var got []int
		for _, step := range take(s, 6) {
			got = append(got, step.index)
		}
		slices.Sort(got)
		if !slices.Equal(got, []int{0, 1, 2, 3, 4, 5}) {
			t.Fatalf("a round of %v", got)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package stress

import "math/rand/v2"

// step is one entry of a schedule: which disturbance, and where its choices begin.
type step struct {
	index int
	seed  uint64
}

// rnd gives the source of the step's own choices. How many it takes does not
// move what comes after it.
func (s step) rnd() *rand.Rand { return rand.New(rand.NewPCG(s.seed, 0)) }

// schedule is the order of one lane: rounds in each of which every disturbance
// comes once. It depends on nothing but its arguments; what runs side by side in
// two lanes depends on the machine too.
type schedule struct {
	rnd   *rand.Rand
	count int
	round []int
}

func newSchedule(seed uint64, lane, count int) *schedule {
	return &schedule{rnd: rand.New(rand.NewPCG(seed, uint64(lane))), count: count}
}

func (s *schedule) next() step {
	if len(s.round) == 0 {
		s.round = s.rnd.Perm(s.count)
	}
	i := s.round[0]
	s.round = s.round[1:]
	return step{index: i, seed: s.rnd.Uint64()}
}

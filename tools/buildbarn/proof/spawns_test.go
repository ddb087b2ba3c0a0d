// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// Entries as Bazel writes them: objects one after the other, without commas.
const (
	remoteEntry = `{"mnemonic": "KernelModule", "targetLabel": "//kmod:a", "runner": "remote", "remotable": true, "cacheHit": false}
`
	hitEntry = `{
  "mnemonic": "GoLink", "targetLabel": "//b", "runner": "remote cache hit", "cacheHit": true
}{"mnemonic": "GoLink", "targetLabel": "//c", "runner": "remote cache hit", "cacheHit": true}
`
	localEntry = `{"mnemonic": "GoStdlib", "targetLabel": "@@rules_go~//:stdlib", "runner": "linux-sandbox"}`
	diskEntry  = `{"mnemonic": "GoLink", "targetLabel": "//d", "runner": "disk cache hit", "cacheHit": true}`
)

func TestReadLog(t *testing.T) {
	for _, test := range []struct {
		name, log string
		want      Count
	}{
		{"nothing", "", Count{Elsewhere: []string{}, Mnemonics: map[string]int{}}},
		{"all kinds", remoteEntry + hitEntry + localEntry + diskEntry, Count{
			Remote:    1,
			CacheHits: 2,
			Elsewhere: []string{"GoLink of //d: disk cache hit", "GoStdlib of @@rules_go~//:stdlib: linux-sandbox"},
			Mnemonics: map[string]int{"KernelModule": 1, "GoLink": 3, "GoStdlib": 1},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := readLog(strings.NewReader(test.log))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, test.want) {
				t.Errorf("got %+v, want %+v", *got, test.want)
			}
		})
	}
}

func TestReadLogRefuses(t *testing.T) {
	for _, test := range []struct{ name, log, want string }{
		{"cut short", remoteEntry + `{"mnemonic": "GoL`, "entry 2: unexpected EOF"},
		{"another file", `{"id": {"started": {}}}`, "no runner"},
		{"wrong type", `{"mnemonic": 3}`, "entry 1"},
		{"no JSON", "remote\n", "entry 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := readLog(strings.NewReader(test.log)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func FuzzReadLog(f *testing.F) {
	for _, seed := range []string{"", remoteEntry, hitEntry + localEntry, `{"mnemonic": "GoL`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		count, err := readLog(bytes.NewReader(log))
		if err != nil {
			return
		}
		sum := 0
		for _, n := range count.Mnemonics {
			sum += n
		}
		if sum != count.Total() {
			t.Errorf("%d actions by kind, %d in all", sum, count.Total())
		}
	})
}

func TestJudge(t *testing.T) {
	count := func(remote, hits int, elsewhere ...string) *Count {
		return &Count{Remote: remote, CacheHits: hits, Elsewhere: elsewhere}
	}
	for _, test := range []struct {
		name          string
		first, second *Count
		want          string // empty: shown
	}{
		{"shown", count(10, 0), count(0, 10), ""},
		{"shown, with equal actions in one build", count(9, 1), count(0, 10), ""},
		{"nothing built", count(0, 0), count(0, 0), "nothing was executed remotely"},
		{"first from the cache", count(1, 9), count(0, 10), "was not empty"},
		{"executed here", count(9, 0, "GoLink of //a: local"), count(0, 10), "first build: 1 actions were not executed remotely:\n  GoLink of //a: local"},
		{"executed here the second time", count(10, 0), count(0, 9, "GoLink of //a: local"), "second build: 1 actions"},
		{"executed again", count(10, 0), count(1, 9), "1 actions were executed again"},
		{"fewer the second time", count(10, 0), count(0, 4), "had 10 actions, the second 4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := judge(test.first, test.second)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package load

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidelock/tidelock/vmtest/tidelock"
)

func readFile(path string) func() error {
	return func() error {
		_, err := os.ReadFile(path)
		return err
	}
}

// TestUnloadUnderLoad loads and unloads the module under everybody's feet: 100 times, 5 with -short.
func TestUnloadUnderLoad(t *testing.T) {
	path := modulePath(t, "TIDELOCK_KO")
	rounds := 100
	if testing.Short() {
		rounds = 5
	}
	before := taint(t)
	var stop atomic.Bool
	var answered, refused atomic.Int64
	var wg sync.WaitGroup
	asks := map[string]func() error{
		"info":        tidelock.AskInfo,
		"policy":      tidelock.AskPolicy,
		"health":      readFile(healthPath),
		"connections": readFile(connectionsPath),
	}
	for name, ask := range asks {
		for range 2 {
			wg.Go(func() {
				for !stop.Load() {
					switch err := ask(); {
					case err == nil:
						answered.Add(1)
					case tidelock.Absent(err):
						refused.Add(1)
					default:
						t.Errorf("%s: %v", name, err)
						return
					}
				}
			})
		}
	}
	for range rounds {
		if err := insert(path); err != nil {
			t.Error(err)
			break
		}
		seen := answered.Load()
		for answered.Load() < seen+8 && !t.Failed() {
			runtime.Gosched()
		}
		if err := remove(); err != nil {
			t.Error(err)
			break
		}
	}
	stop.Store(true)
	wg.Wait()
	checkGone(t)
	checkTaint(t, before)
	t.Logf("%d rounds, %d answers, %d refusals", rounds, answered.Load(), refused.Load())
	if refused.Load() == 0 {
		t.Error("nobody met the module unloaded: the test proved nothing")
	}
}

// SPDX-License-Identifier: Apache-2.0

package load

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"github.com/tidelock/tidelock/kmod/uapi"
	"golang.org/x/sys/unix"
)

// gone tells the errors that somebody meets who asks while the module comes or goes.
func gone(err error) bool {
	return errors.Is(err, uapi.ErrNotLoaded) ||
		errors.Is(err, unix.ENOENT) || // no such file, no such family any more
		errors.Is(err, unix.ENODEV) || // the file was open
		errors.Is(err, unix.EIO) // the same in /proc
}

// askInfo opens a socket for every question, so that it meets the family in all states.
func askInfo() error {
	c, err := uapi.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	for range 10 {
		info, err := c.Info()
		if err != nil {
			return err
		}
		if info.Health != "ok" && info.Health != "starting" && info.Health != "unloading" {
			return errors.New("health is " + info.Health)
		}
	}
	return nil
}

// askPolicy dumps the attribute policies of the family, which lie in the module's memory.
func askPolicy() error {
	conn, err := genetlink.Dial(nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	e := netlink.NewAttributeEncoder()
	e.String(unix.CTRL_ATTR_FAMILY_NAME, uapi.FamilyName)
	attrs, err := e.Encode()
	if err != nil {
		return err
	}
	const getPolicy = 10 // CTRL_CMD_GETPOLICY
	_, err = conn.Execute(genetlink.Message{
		Header: genetlink.Header{Command: getPolicy, Version: 1},
		Data:   attrs,
	}, unix.GENL_ID_CTRL, netlink.Request|netlink.Dump)
	return err
}

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
		"info":        askInfo,
		"policy":      askPolicy,
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
					case gone(err):
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

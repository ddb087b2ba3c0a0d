// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tidelock/tidelock/vmtest/guest/kernel"
	"github.com/tidelock/tidelock/vmtest/stress"
	"github.com/tidelock/tidelock/vmtest/tidelock"
)

// optionsFile has flags, one a line, that the build's settings made; see options.bzl.
const optionsFile = "/test/stress.options"

var (
	duration = flag.Duration("duration", 20*time.Second, "how long the load is disturbed")
	seed     = flag.Uint64("seed", 0, "what decides which disturbance comes when; 0 is chosen anew")
	grace    = flag.Duration("grace", 2*time.Minute, "how much longer a slow machine may take until every disturbance has happened once")
	optional = flag.String("optional", "", "disturbances that the kernel need not be able to do, with commas between")
)

func TestMain(m *testing.M) {
	stress.Child()
	flag.Parse()
	if err := readOptions(optionsFile); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	// A run that stands still shows where, before the guest's time is up.
	if limit := flag.Lookup("test.timeout"); limit.Value.String() == "0s" {
		limit.Value.Set((*duration + *grace + 4*time.Minute).String())
	}
	os.Exit(m.Run())
}

// readOptions sets the flags of a file that may be missing.
func readOptions(file string) error {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if err := flag.Set(strings.TrimPrefix(name, "-"), value); err != nil {
			return fmt.Errorf("%s: %q: %w", file, lines.Text(), err)
		}
	}
	return lines.Err()
}

func TestDriver(t *testing.T) {
	path := os.Getenv("TIDELOCK_KO")
	if path == "" {
		if os.Getenv("TIDELOCK_VM") != "" {
			t.Fatal("TIDELOCK_KO is not set: it names the module to test")
		}
		t.Skip("TIDELOCK_KO is not set: it names a module to load, in a virtual machine")
	}
	for *seed == 0 {
		*seed = rand.Uint64()
	}
	load := &driverLoad{path: path, seed: *seed}
	frame := stress.Frame{
		Duration: *duration,
		Grace:    *grace,
		Seed:     *seed,
		Load:     load,
		Disturbances: []stress.Disturbance{
			&stress.Memory{},
			&stress.Hotplug{},
			&stress.Namespaces{Inside: load.inside},
			&stress.Faults{Attr: "failslab", Module: tidelock.ModuleName},
			// Pages are asked for when the module is loaded, and rarely by itself.
			&stress.Faults{Attr: "fail_page_alloc", Tasks: true, Percent: 50},
		},
		Optional:  strings.FieldsFunc(*optional, func(r rune) bool { return r == ',' }),
		KernelLog: kernel.Log,
		Log:       func(line string) { fmt.Println(line) },
	}
	result, err := frame.Run(context.Background())
	if err != nil {
		t.Error(err)
	}
	if result == nil {
		return
	}
	if n := result.Requests.Total(); n.NoMemory == 0 && result.Skipped("failslab") == "" {
		t.Errorf("not one request met a failing allocation, and %d failed", result.Count("failslab"))
	}
	if err := tidelock.CheckGone(); err != nil {
		t.Error(err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package report

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestColumns(t *testing.T) {
	want := []string{
		"debian/x86_64/5.10.0-46-cloud-amd64",
		"debian/x86_64/6.1.0-9-cloud-amd64",
		"debian/x86_64/6.1.0-56-cloud-amd64",
		"ubuntu/x86_64/6.8.0-31-generic",
		"debian/x86_64/6.12.0-rc3",
		"debian/x86_64/6.12.0",
		"debian/x86_64/6.12.99+deb13-cloud-amd64",
		"debian/x86_64/6.12.117+deb13-cloud-amd64",
		"debian/aarch64/6.1.0-56-cloud-arm64",
		"debian/aarch64/7.3.4+deb13-cloud-arm64",
		"debian/riscv64/6.12.0",
		"own kernel",
		"debug/x86_64/6.1.176-kasan",
		"debug/x86_64/6.12.107-kasan",
		"debug/x86_64/6.12.107-kcsan",
		"debug/aarch64/6.1.176-kasan",
	}
	var kernels []*Kernel
	for _, key := range want {
		kernels = append(kernels, parseKernel(key, ""))
	}
	for range 20 {
		rand.Shuffle(len(kernels), func(i, j int) { kernels[i], kernels[j] = kernels[j], kernels[i] })
		slices.SortFunc(kernels, compareKernels)
		for i, k := range kernels {
			if k.Key != want[i] {
				t.Fatalf("column %d is %s, want %s", i, k.Key, want[i])
			}
		}
	}
}

func TestRowName(t *testing.T) {
	for _, c := range []struct{ target, kernel, arch, want string }{
		{"load/" + stock, stock, "x86_64", "load"},
		{"load/debug/x86_64/6.12.107-kasan", "debug/x86_64/6.12.107-kasan", "x86_64", "load"},
		{"ends/fail/aarch64", "debian/aarch64/6.12.0", "aarch64", "ends/fail"},
		{"boots", stock, "x86_64", "boots"},
		{"x86_64", stock, "x86_64", "x86_64"},
		{stock, stock, "x86_64", stock[:len(stock)]},
	} {
		if got := rowName(c.target, c.kernel, c.arch); got != c.want {
			t.Errorf("%s: row %q, want %q", c.target, got, c.want)
		}
	}
}

// Two tests that would share a cell have a row each.
func TestNoCellIsLost(t *testing.T) {
	l := newLogs(t)
	l.result(passed("//p:a/x86_64", stock), noon)
	l.result(passed("//p:a/"+stock, stock), noon)
	l.result(passed("//p:b", stock), noon)
	m := collect(t, l.dir)
	var rows []string
	for _, r := range m.Packages[0].Rows {
		rows = append(rows, r.Name)
		if len(r.Cells) != 1 || r.On(m.Kernels[0]) == nil {
			t.Errorf("row %s has %d cells", r.Name, len(r.Cells))
		}
	}
	if got := strings.Join(rows, " "); got != "a a/x86_64 b" {
		t.Errorf("rows %s", got)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		list []float64
		want Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{4, 1, 2}, Spread{1, 2, 4}},
		{[]float64{4, 1, 2, 8}, Spread{1, 3, 8}},
	} {
		if got := spread(c.list); got != c.want {
			t.Errorf("%v: %v, want %v", c.list, got, c.want)
		}
	}
}

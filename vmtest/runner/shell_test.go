// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"strings"
	"testing"
)

func TestExplainNamesTheShell(t *testing.T) {
	var b strings.Builder
	r := &Result{Kernel: "debian/x86_64/6.12.117+deb13-cloud-amd64", Arch: "x86_64"}
	r.Explain(&b)
	if want := "\ntools/bazel run //vmtest:shell -- --kernel=debian/x86_64/6.12.117+deb13-cloud-amd64 --arch=x86_64\n"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is missing in\n%s", want, b.String())
	}
}

// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"fmt"
	"os/exec"
	"strings"
)

// startScript is the program that starts the Bazel below prefix. The flags
// name its parts where an ordinary Bazel would unpack them from itself; the
// machine's own bazelrc in /etc is made for another Bazel and not read.
func startScript(prefix string) string {
	return fmt.Sprintf(`#!/bin/sh
exec %[1]s/usr/bin/bazel --nosystem_rc --bazelrc=%[1]s/bazelrc \
  --install_base=%[1]s/usr/share/bazel --trust_install_base --server_javabase=%[1]s/jvm \
  --host_jvm_args=-Xbootclasspath/a:%[1]s/label \
  --host_jvm_args=-Djavax.net.ssl.trustStore=%[1]s/cacerts.jks \
  --host_jvm_args=--enable-native-access=ALL-UNNAMED "$@"
`, prefix)
}

// goproxy is where the machine's Go takes modules from.
func goproxy() string {
	out, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// SPDX-License-Identifier: Apache-2.0

package pack

import "strings"

// Folders that a kernel for a virtual machine has no use for: together four
// fifths of the sources.
var notForVMs = []string{
	"Documentation/", "LICENSES/", "rust/", "samples/", "sound/",
	"drivers/accel/", "drivers/comedi/", "drivers/gpu/", "drivers/hwmon/", "drivers/iio/", "drivers/infiniband/", "drivers/isdn/",
	"drivers/media/", "drivers/misc/", "drivers/mtd/", "drivers/net/ethernet/", "drivers/net/wireless/", "drivers/scsi/",
	"drivers/staging/", "drivers/usb/",
	"fs/bcachefs/", "fs/btrfs/", "fs/f2fs/", "fs/ocfs2/", "fs/smb/", "fs/xfs/",
	"net/bluetooth/", "net/mac80211/",
}

// What of tools/ takes part in building a kernel, and the tests that run in one.
var toolsForVMs = []string{
	"tools/arch/", "tools/build/", "tools/include/", "tools/lib/", "tools/objtool/", "tools/scripts/",
	"tools/testing/selftests/kselftest.h", "tools/testing/selftests/kselftest_harness.h", "tools/testing/selftests/net/tls.c",
}

// ForVM tells the files from which kernels for virtual machines are built, of
// x86 and arm64, with what modules for them want.
func ForVM(name string) bool {
	if Configures(name) {
		return true
	}
	has := func(folders []string) bool {
		for _, f := range folders {
			if strings.HasPrefix(name, f) {
				return true
			}
		}
		return false
	}
	if rest, ok := strings.CutPrefix(name, "arch/"); ok {
		arch, _, _ := strings.Cut(rest, "/")
		// 32-bit Arm's headers are the home of some of arm64's.
		return arch == "x86" || arch == "arm64" && !strings.HasPrefix(rest, "arm64/boot/dts/") || strings.HasPrefix(rest, "arm/include/")
	}
	if strings.HasPrefix(name, "tools/") {
		return has(toolsForVMs)
	}
	return !has(notForVMs)
}

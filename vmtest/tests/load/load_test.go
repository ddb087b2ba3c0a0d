// SPDX-License-Identifier: Apache-2.0

package load

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tidelock/tidelock/kmod/uapi"
	"golang.org/x/sys/unix"
)

func release(t *testing.T) string {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	return unix.ByteSliceToString(u.Release[:])
}

func checkInfo(t *testing.T) *uapi.Info {
	t.Helper()
	c, err := uapi.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	info, err := c.Info()
	if err != nil {
		t.Fatal(err)
	}
	want := uapi.Info{
		ABI:           uapi.ABI,
		Version:       info.Version,
		KernelRelease: release(t),
		Caps:          info.Caps & uapi.CapKTLS,
		Health:        "ok",
		Selftests:     info.Selftests,
	}
	if *info != want {
		t.Errorf("got %+v, want %+v", *info, want)
	}
	if info.Selftests == 0 {
		t.Error("no self-test ran")
	}
	return info
}

func TestInfo(t *testing.T) {
	load(t)
	info := checkInfo(t)
	t.Logf("%+v", *info)

	version, err := os.ReadFile("/sys/module/tidelock/version")
	if err != nil || strings.TrimSpace(string(version)) != info.Version {
		t.Errorf("modinfo has version %q (%v), netlink %q", version, err, info.Version)
	}
	// TIDELOCK_KTLS, from the kernel's configuration, says what the capability must be.
	if want := os.Getenv("TIDELOCK_KTLS"); want != "" && (want == "1") != info.Caps.Has(uapi.CapKTLS) {
		t.Errorf("capabilities are %s, and TIDELOCK_KTLS=%s", info.Caps, want)
	}
}

func TestFiles(t *testing.T) {
	load(t)
	for path, want := range map[string]string{healthPath: "ok\n", connectionsPath: ""} {
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v; want %q", path, got, err, want)
		}
	}
	for path, want := range map[string]os.FileMode{healthPath: 0o444, connectionsPath: 0o400} {
		info, err := os.Stat(path)
		if err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

// onThread runs do on a thread of its own, which ends with what do changed about it.
func onThread(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread dies with the goroutine
		do()
	}()
	<-done
}

func become(t *testing.T, uid uintptr) {
	t.Helper()
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uid, uid, uid); errno != 0 {
		t.Error("setresuid:", errno)
	}
}

func dropCapabilities(t *testing.T) {
	t.Helper()
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&hdr, &none[0]); err != nil {
		t.Error("capset:", err)
	}
}

// A container's root owns the file and sees it, and learns nothing.
func TestPrivilege(t *testing.T) {
	load(t)
	for _, c := range []struct {
		name string
		drop func(*testing.T)
		want error
	}{
		{"root", func(*testing.T) {}, nil},
		{"root without capabilities", dropCapabilities, unix.EPERM},
		{"nobody", func(t *testing.T) { become(t, 65534) }, unix.EACCES},
	} {
		t.Run(c.name, func(t *testing.T) {
			onThread(func() {
				c.drop(t)
				fd, err := unix.Open(connectionsPath, unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if !errors.Is(err, c.want) {
					t.Errorf("%s: %v, want %v", connectionsPath, err, c.want)
				}
				if err == nil {
					unix.Close(fd)
				}
				if got, err := os.ReadFile(healthPath); err != nil || string(got) != "ok\n" {
					t.Errorf("%s: %q, %v", healthPath, got, err)
				}
				checkInfo(t)
			})
		})
	}
}

func TestOtherNetworkNamespace(t *testing.T) {
	load(t)
	onThread(func() {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Error("unshare:", err)
			return
		}
		checkInfo(t)
	})
}

// A file that is open when the module goes holds neither the module nor the reader up.
func TestUnloadUnderOpenFiles(t *testing.T) {
	path := modulePath(t, "TIDELOCK_KO")
	before := taint(t)
	if err := insert(path); err != nil {
		t.Fatal(err)
	}
	var fds []int
	for _, name := range []string{healthPath, connectionsPath} {
		fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(name, err)
		}
		defer unix.Close(fd)
		fds = append(fds, fd)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		n, err := unix.Read(fd, make([]byte, 64))
		if err == nil {
			t.Errorf("read %d bytes from a module that is gone", n)
		}
	}
	checkGone(t)
	checkTaint(t, before)
}

// What must not load leaves nothing behind and says why.
func TestRefusal(t *testing.T) {
	for _, c := range []struct {
		env  string
		errs []error
		log  string
	}{
		{"TIDELOCK_KO_SELFTEST_FAIL", []error{unix.EINVAL}, "tidelock: self-test equal_ct failed"},
		// The kernel compares vermagic or symbol checksums first, the module itself the release.
		{"TIDELOCK_KO_FOREIGN", []error{unix.ENOEXEC, unix.EINVAL}, "tidelock: "},
	} {
		t.Run(c.env, func(t *testing.T) {
			path := modulePath(t, c.env)
			before := taint(t)
			log := kernelLog(t)
			err := insert(path)
			if err == nil {
				remove()
				t.Fatalf("%s loaded", path)
			}
			refused := false
			for _, want := range c.errs {
				refused = refused || errors.Is(err, want)
			}
			if !refused {
				t.Errorf("%v, want one of %v", err, c.errs)
			}
			if text := log(); !strings.Contains(text, c.log) {
				t.Errorf("the kernel's log lacks %q:\n%s", c.log, text)
			}
			checkGone(t)
			if _, err := uapi.Dial(); !errors.Is(err, uapi.ErrNotLoaded) {
				t.Errorf("the netlink family: %v, want %v", err, uapi.ErrNotLoaded)
			}
			checkTaint(t, before)
		})
	}
}

// Loading twice is refused and does not disturb the one that is there.
func TestLoadTwice(t *testing.T) {
	load(t)
	if err := insert(modulePath(t, "TIDELOCK_KO")); !errors.Is(err, unix.EEXIST) {
		t.Errorf("second insmod: %v, want %v", err, unix.EEXIST)
	}
	checkInfo(t)
}

func TestLoadTime(t *testing.T) {
	path := modulePath(t, "TIDELOCK_KO")
	start := time.Now()
	if err := insert(path); err != nil {
		t.Fatal(err)
	}
	loaded := time.Now()
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	t.Logf("insmod %v, rmmod %v", loaded.Sub(start), time.Since(loaded))
}

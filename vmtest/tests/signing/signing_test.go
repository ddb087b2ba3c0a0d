// SPDX-License-Identifier: Apache-2.0

package signing

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/toolchains/kernel/sign/modsign"
)

const name = "tidelock"

func read(t *testing.T, variable string) []byte {
	t.Helper()
	file := os.Getenv(variable)
	if file == "" {
		t.Skip("this test runs in a virtual machine: tools/bazel test //vmtest/tests/signing/...")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// load loads a module and returns what the kernel said meanwhile.
func load(t *testing.T, module []byte) (error, string) {
	t.Helper()
	log, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(log)
	if _, err := unix.Seek(log, 0, unix.SEEK_END); err != nil {
		t.Fatal(err)
	}
	result := unix.InitModule(module, "")
	var said strings.Builder
	record := make([]byte, 8192)
	for {
		n, err := unix.Read(log, record)
		if err != nil {
			break
		}
		said.Write(record[:n])
	}
	return result, said.String()
}

// The firmware has the throw-away certificate, and so has the kernel.
func TestCertificateIsTrusted(t *testing.T) {
	read(t, "TIDELOCK_KO_TRUSTED")
	keys, err := os.ReadFile("/proc/keys")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(keys)) {
		if strings.Contains(line, "Throw-away key trusted") {
			return
		}
		if strings.Contains(line, "Throw-away key unknown") {
			t.Fatalf("the kernel has a certificate that nobody gave it: %s", line)
		}
	}
	t.Fatalf("the kernel has not taken the certificate from the firmware:\n%s", keys)
}

func TestRefused(t *testing.T) {
	trusted, unknown := read(t, "TIDELOCK_KO_TRUSTED"), read(t, "TIDELOCK_KO_UNKNOWN")
	plain, signature, err := modsign.Split(trusted)
	if err != nil {
		t.Fatal(err)
	}
	if other, _, err := modsign.Split(unknown); err != nil || !bytes.Equal(plain, other) {
		t.Fatalf("the two signed modules are not one module: %v", err)
	}
	trailer := len(plain) + len(signature)
	change := func(at int, to ...byte) []byte {
		b := slices.Clone(trusted)
		copy(b[at:], to)
		return b
	}
	for _, c := range []struct {
		what   string
		module []byte
		want   error
		said   string
	}{
		{"no signature", plain, unix.EKEYREJECTED, "unsigned module"},
		{"signed by a key that the kernel has not", unknown, unix.EKEYREJECTED, "unavailable key"},
		{"another module than was signed", change(len(plain)-1, plain[len(plain)-1]^1), unix.EKEYREJECTED, ""},
		{"a changed signature", change(trailer-1, signature[len(signature)-1]^1), unix.EKEYREJECTED, ""},
		{"a signature that is no CMS", change(len(plain), 0x31), unix.EBADMSG, ""},
		{"a length beyond the module", change(trailer+8, 0x7f), unix.EBADMSG, ""},
	} {
		err, said := load(t, c.module)
		if err == nil {
			unix.DeleteModule(name, 0)
		}
		if !errors.Is(err, c.want) || !strings.Contains(said, c.said) {
			t.Errorf("%s: got %v, want %v; the kernel says %q, want %q", c.what, err, c.want, said, c.said)
		}
	}
}

func TestLoaded(t *testing.T) {
	err, said := load(t, read(t, "TIDELOCK_KO_TRUSTED"))
	if err != nil {
		t.Fatalf("the kernel refuses the module signed with a key that it trusts: %v\n%s", err, said)
	}
	if strings.Contains(said, "module verification failed") {
		t.Errorf("the kernel took the module for unsigned: %s", said)
	}
	for try := range 50 {
		if err = unix.DeleteModule(name, unix.O_NONBLOCK); err == nil {
			return
		}
		time.Sleep(time.Duration(try) * time.Millisecond)
	}
	t.Errorf("unloading: %v", err)
}

// SPDX-License-Identifier: Apache-2.0

package userland

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Every program starts with its own loader and libraries and says who it is.
func TestVersions(t *testing.T) {
	inGuest(t)
	for _, c := range []struct {
		program string
		args    []string
		want    string
	}{
		{"openssl", []string{"version"}, "OpenSSL 3.5."},
		{"curl", []string{"--version"}, "curl 8."},
		{"nginx", []string{"-v"}, "nginx/1."},
		{"redis-server", []string{"--version"}, "Redis server v="},
		{"redis-cli", []string{"--version"}, "redis-cli "},
		{"iperf3", []string{"--version"}, "iperf 3."},
		{"stress-ng", []string{"--version"}, "stress-ng, version 0."},
		{"python3", []string{"--version"}, "Python 3.13."},
		{"socat", []string{"-V"}, "socat version 1."},
		{"ip", []string{"-V"}, "iproute2-"},
		{"tc", []string{"-V"}, "iproute2-"},
		{"gnutls-cli", []string{"--version"}, "gnutls-cli 3."},
	} {
		t.Run(c.program, func(t *testing.T) {
			begin := time.Now()
			out := run(t, "", c.program, c.args...)
			line, _, _ := strings.Cut(out, "\n")
			t.Logf("%s (%.2f s)", line, time.Since(begin).Seconds())
			if !strings.Contains(out, c.want) {
				t.Errorf("%q, want %q in it", out, c.want)
			}
		})
	}
}

// The loader is the one that the program names, at its true path.
func TestLoader(t *testing.T) {
	inGuest(t)
	maps := run(t, "", "python3", "-c", "print(open('/proc/self/maps').read())")
	if !strings.Contains(maps, "/usr/lib/") || !strings.Contains(maps, "/ld-linux-") {
		t.Errorf("no loader below /usr/lib among what python3 maps:\n%s", maps)
	}
	for _, link := range []string{"/bin", "/sbin", "/lib"} {
		if target, err := os.Readlink(link); err != nil || target != "usr"+link {
			t.Errorf("%s leads to %q, %v", link, target, err)
		}
	}
}

func TestOpenSSL(t *testing.T) {
	inGuest(t)
	id := newIdentity(t)
	serve(t, "127.0.0.1:4433", "openssl", "s_server", "-accept", "127.0.0.1:4433", "-key", id.key, "-cert", id.certificate, "-tls1_3", "-rev")
	// -rev answers each line backwards.
	out := talk(t, "tidelock", "kcoledit", "openssl", "s_client", "-connect", "127.0.0.1:4433", "-servername", "localhost",
		"-CAfile", id.certificate, "-verify_return_error", "-tls1_3", "-nocommands")
	if !strings.Contains(out, "New, TLSv1.3, Cipher is TLS_") || !strings.Contains(out, "Verification: OK") {
		t.Errorf("no verified TLS 1.3:\n%s", out)
	}
}

func TestCurlFromNginx(t *testing.T) {
	inGuest(t)
	id := newIdentity(t)
	dir := openDir(t)
	const body = "served by a worker of nginx\n"
	write(t, filepath.Join(dir, "page"), body)
	conf := write(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(`
user www-data;
worker_processes 2;
daemon off;
error_log stderr;
pid %[1]s/pid;
events {}
http {
	access_log off;
	server {
		listen 127.0.0.1:8443 ssl;
		ssl_certificate %[2]s;
		ssl_certificate_key %[3]s;
		ssl_protocols TLSv1.3;
		root %[1]s;
	}
}
`, dir, id.certificate, id.key))
	log := serve(t, "127.0.0.1:8443", "nginx", "-c", conf)
	got := run(t, "", "curl", "--silent", "--show-error", "--fail", "--cacert", id.certificate, "https://localhost:8443/page")
	if got != body {
		t.Errorf("%q, want %q\n%s", got, body, log)
	}
}

func TestGnuTLS(t *testing.T) {
	inGuest(t)
	id := newIdentity(t)
	serve(t, "127.0.0.1:5556", "gnutls-serv", "--echo", "--port=5556", "--x509keyfile="+id.key, "--x509certfile="+id.certificate)
	out := talk(t, "tidelock", "\ntidelock\n", "gnutls-cli", "--x509cafile="+id.certificate, "--port=5556", "localhost")
	if !strings.Contains(out, "(TLS1.3-X.509)") || !strings.Contains(out, "The certificate is trusted") {
		t.Errorf("no trusted TLS 1.3:\n%s", out)
	}
}

func TestRedis(t *testing.T) {
	inGuest(t)
	serve(t, "127.0.0.1:6379", "redis-server", "--bind", "127.0.0.1", "--port", "6379", "--save", "", "--dir", t.TempDir())
	if out := run(t, "", "redis-cli", "SET", "tide", "lock"); out != "OK\n" {
		t.Errorf("SET: %q", out)
	}
	if out := run(t, "", "redis-cli", "GET", "tide"); out != "lock\n" {
		t.Errorf("GET: %q", out)
	}
}

func TestIperf3(t *testing.T) {
	inGuest(t)
	serve(t, "127.0.0.1:5201", "iperf3", "--server", "--bind", "127.0.0.1")
	out := run(t, "", "iperf3", "--client", "127.0.0.1", "--time", "1", "--json")
	var result struct {
		End struct {
			Received struct {
				Bytes float64 `json:"bytes"`
				Rate  float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		} `json:"end"`
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil || result.End.Received.Bytes < 1<<16 {
		t.Fatalf("%v, %v\n%s", err, result, out)
	}
	t.Logf("%.0f Mbit/s over loopback", result.End.Received.Rate/1e6)
}

func TestStressNg(t *testing.T) {
	inGuest(t)
	out := run(t, "", "stress-ng", "--vm", "1", "--vm-bytes", "16M", "--verify", "--timeout", "1", "--metrics")
	if !strings.Contains(out, "passed: 1: vm (1)") || !strings.Contains(out, "failed: 0") {
		t.Error(out)
	}
}

func TestPython(t *testing.T) {
	inGuest(t)
	out := run(t, "", "python3", "-c", "import json, socket, ssl, hashlib; print(json.dumps([ssl.OPENSSL_VERSION, ssl.HAS_TLSv1_3, hashlib.sha256(b'').hexdigest()[:8]]))")
	if !strings.Contains(out, `["OpenSSL 3.5.`) || !strings.Contains(out, `, true, "e3b0c442"]`) {
		t.Error(out)
	}
}

func TestSocat(t *testing.T) {
	inGuest(t)
	serve(t, "127.0.0.1:7000", "socat", "TCP-LISTEN:7000,bind=127.0.0.1,reuseaddr", "PIPE")
	if out := run(t, "there and back\n", "socat", "-t10", "-", "TCP:127.0.0.1:7000"); out != "there and back\n" {
		t.Errorf("%q", out)
	}
}

func TestIP(t *testing.T) {
	inGuest(t)
	var interfaces []struct {
		Name      string   `json:"ifname"`
		Flags     []string `json:"flags"`
		Addresses []struct {
			Local string `json:"local"`
		} `json:"addr_info"`
	}
	out := run(t, "", "ip", "-j", "addr", "show", "dev", "lo")
	if err := json.Unmarshal([]byte(out), &interfaces); err != nil || len(interfaces) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	if text := fmt.Sprint(interfaces[0]); !strings.Contains(text, "LOWER_UP") || !strings.Contains(text, "127.0.0.1") || !strings.Contains(text, "::1") {
		t.Errorf("lo is not up with both addresses: %s", out)
	}
}

// Services and names of nsswitch.conf, hosts and passwd are there.
func TestNames(t *testing.T) {
	inGuest(t)
	out := run(t, "", "python3", "-c", `
import grp, pwd, socket
print(sorted({a[4][0] for a in socket.getaddrinfo("localhost", 80)}), pwd.getpwnam("www-data").pw_uid, grp.getgrgid(0).gr_name, socket.getservbyname("https"))`)
	if want := "['127.0.0.1', '::1'] 33 root 443\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
}

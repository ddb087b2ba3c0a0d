// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"math/rand/v2"
	"path"
	"reflect"
	"strings"
	"testing"
)

// urls puts file names on a mirror.
func urls(base string, names ...string) []string {
	var out []string
	for _, n := range names {
		out = append(out, base+n)
	}
	return out
}

// show lists kernels as "name (release, flavour, version): role=file …".
func show(kernels []Kernel) []string {
	var out []string
	for _, k := range kernels {
		line := k.Name + " (" + k.Release + ", " + k.Flavour + ", " + k.Version + "):"
		for _, f := range k.Files {
			line += " " + f.Role + "=" + f.Name
		}
		out = append(out, line)
	}
	return out
}

func TestKernels(t *testing.T) {
	for _, c := range []struct {
		name, distribution, arch string
		entry                    Entry
		want                     []string
	}{
		{
			name: "an old entry of Debian has three flavours", distribution: "debian", arch: "x86_64",
			entry: Entry{KernelRelease: "5.10.140-1-amd64", Headers: urls("http://mirror.example/pool/main/l/linux/",
				"linux-headers-5.10.0-18-common-rt_5.10.140-1_all.deb",
				"linux-headers-5.10.0-18-common_5.10.140-1_all.deb",
				"linux-headers-5.10.0-18-amd64_5.10.140-1_amd64.deb",
				"linux-headers-5.10.0-18-cloud-amd64_5.10.140-1_amd64.deb",
				"linux-kbuild-5.10_5.10.136-1~deb10u3_amd64.deb",
				"linux-headers-5.10.0-18-rt-amd64_5.10.140-1_amd64.deb")},
			want: []string{
				"5.10.140-1-amd64 (5.10.0-18-amd64, generic, 5.10.140-1): common=linux-headers-5.10.0-18-common_5.10.140-1_all.deb headers=linux-headers-5.10.0-18-amd64_5.10.140-1_amd64.deb kbuild_x86_64=linux-kbuild-5.10_5.10.136-1~deb10u3_amd64.deb",
				"5.10.140-1-cloud-amd64 (5.10.0-18-cloud-amd64, cloud, 5.10.140-1): common=linux-headers-5.10.0-18-common_5.10.140-1_all.deb headers=linux-headers-5.10.0-18-cloud-amd64_5.10.140-1_amd64.deb kbuild_x86_64=linux-kbuild-5.10_5.10.136-1~deb10u3_amd64.deb",
				"5.10.140-1-rt-amd64 (5.10.0-18-rt-amd64, rt, 5.10.140-1): common=linux-headers-5.10.0-18-common-rt_5.10.140-1_all.deb headers=linux-headers-5.10.0-18-rt-amd64_5.10.140-1_amd64.deb kbuild_x86_64=linux-kbuild-5.10_5.10.136-1~deb10u3_amd64.deb",
			},
		},
		{
			name: "a new entry of Debian has one", distribution: "debian", arch: "aarch64",
			entry: Entry{KernelRelease: "6.12.48-1-16k-arm64", Headers: urls("https://mirror.example/",
				"linux-headers-6.12.48+deb13-arm64-16k_6.12.48-1_arm64.deb",
				"linux-headers-6.12.48+deb13-common_6.12.48-1_all.deb",
				"linux-kbuild-6.12.48+deb13_6.12.48-1_arm64.deb")},
			want: []string{"6.12.48-1-16k-arm64 (6.12.48+deb13-arm64-16k, 16k, 6.12.48-1): common=linux-headers-6.12.48+deb13-common_6.12.48-1_all.deb headers=linux-headers-6.12.48+deb13-arm64-16k_6.12.48-1_arm64.deb kbuild_aarch64=linux-kbuild-6.12.48+deb13_6.12.48-1_arm64.deb"},
		},
		{
			name: "two flavours of Ubuntu on two mirrors", distribution: "ubuntu", arch: "x86_64",
			entry: Entry{KernelRelease: "4.15.0-193-generic", Headers: append(
				urls("http://b.example/", "linux-headers-4.15.0-193-generic_4.15.0-193.204_amd64.deb", "linux-headers-4.15.0-193-lowlatency_4.15.0-193.204_amd64.deb", "linux-headers-4.15.0-193_4.15.0-193.204_all.deb"),
				urls("http://a.example/", "linux-headers-4.15.0-193-lowlatency_4.15.0-193.204_amd64.deb", "linux-headers-4.15.0-193_4.15.0-193.204_all.deb", "linux-headers-4.15.0-193-generic_4.15.0-193.204_amd64.deb")...)},
			want: []string{
				"4.15.0-193-generic (4.15.0-193-generic, generic, 4.15.0-193.204): common=linux-headers-4.15.0-193_4.15.0-193.204_all.deb headers=linux-headers-4.15.0-193-generic_4.15.0-193.204_amd64.deb",
				"4.15.0-193-lowlatency (4.15.0-193-lowlatency, lowlatency, 4.15.0-193.204): common=linux-headers-4.15.0-193_4.15.0-193.204_all.deb headers=linux-headers-4.15.0-193-lowlatency_4.15.0-193.204_amd64.deb",
			},
		},
		{
			name: "a name of Ubuntu that is no release", distribution: "ubuntu", arch: "x86_64",
			entry: Entry{KernelRelease: "5.3.0-66-hwe", Headers: urls("http://a.example/",
				"linux-headers-5.3.0-66-lowlatency_5.3.0-66.60_amd64.deb", "linux-headers-5.3.0-66-generic_5.3.0-66.60_amd64.deb", "linux-hwe-headers-5.3.0-66_5.3.0-66.60_all.deb")},
			want: []string{
				"5.3.0-66-hwe (5.3.0-66-generic, generic, 5.3.0-66.60): common=linux-hwe-headers-5.3.0-66_5.3.0-66.60_all.deb headers=linux-headers-5.3.0-66-generic_5.3.0-66.60_amd64.deb",
				"5.3.0-66-hwe-lowlatency (5.3.0-66-lowlatency, lowlatency, 5.3.0-66.60): common=linux-hwe-headers-5.3.0-66_5.3.0-66.60_all.deb headers=linux-headers-5.3.0-66-lowlatency_5.3.0-66.60_amd64.deb",
			},
		},
		{
			name: "a common package of Ubuntu that is not for all architectures", distribution: "ubuntu", arch: "x86_64",
			entry: Entry{KernelRelease: "5.4.0-1060-gke-5.4", Headers: urls("http://a.example/",
				"linux-gke-5.4-headers-5.4.0-1060_5.4.0-1060.63~18.04.1_amd64.deb", "linux-headers-5.4.0-1060-gke_5.4.0-1060.63~18.04.1_amd64.deb")},
			want: []string{"5.4.0-1060-gke-5.4 (5.4.0-1060-gke, gke, 5.4.0-1060.63~18.04.1): common=linux-gke-5.4-headers-5.4.0-1060_5.4.0-1060.63~18.04.1_amd64.deb headers=linux-headers-5.4.0-1060-gke_5.4.0-1060.63~18.04.1_amd64.deb"},
		},
		{
			name: "longest flavour that the name begins with", distribution: "ubuntu", arch: "aarch64",
			entry: Entry{KernelRelease: "5.15.0-33-lowlatency-hwe-5.15", Headers: urls("http://a.example/",
				"linux-headers-5.15.0-33-lowlatency-64k_5.15.0-33.34~20.04.1_arm64.deb", "linux-headers-5.15.0-33-lowlatency_5.15.0-33.34~20.04.1_arm64.deb")},
			want: []string{
				"5.15.0-33-lowlatency-hwe-5.15 (5.15.0-33-lowlatency, lowlatency, 5.15.0-33.34~20.04.1): headers=linux-headers-5.15.0-33-lowlatency_5.15.0-33.34~20.04.1_arm64.deb",
				"5.15.0-33-lowlatency-hwe-5.15-lowlatency-64k (5.15.0-33-lowlatency-64k, lowlatency-64k, 5.15.0-33.34~20.04.1): headers=linux-headers-5.15.0-33-lowlatency-64k_5.15.0-33.34~20.04.1_arm64.deb",
			},
		},
		{
			name: "a package of Fedora", distribution: "fedora", arch: "x86_64",
			entry: Entry{KernelRelease: "5.17.5-300.fc36.x86_64", Headers: urls("https://a.example/k/", "kernel-devel-5.17.5-300.fc36.x86_64.rpm")},
			want:  []string{"5.17.5-300.fc36.x86_64 (5.17.5-300.fc36.x86_64, , ): headers=kernel-devel-5.17.5-300.fc36.x86_64.rpm"},
		},
		{
			name: "an image instead of packages", distribution: "flatcar", arch: "x86_64",
			entry: Entry{KernelRelease: "3033.2.0", Headers: urls("https://a.example/", "flatcar_developer_container.bin.bz2")},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 5 { // the order in which the crawler wrote URLs must not matter
				rand.Shuffle(len(c.entry.Headers), func(i, j int) {
					h := c.entry.Headers
					h[i], h[j] = h[j], h[i]
				})
				kernels, err := c.entry.Kernels(c.distribution, c.arch)
				if err != nil {
					t.Fatal(err)
				}
				got := show(kernels)
				if c.distribution == "debian" { // in the order of the files
					want := map[string]bool{}
					for _, w := range c.want {
						want[w] = true
					}
					if len(got) != len(c.want) {
						t.Fatalf("got %d kernels: %s", len(got), strings.Join(got, "\n"))
					}
					for _, g := range got {
						if !want[g] {
							t.Errorf("unexpected %s", g)
						}
					}
					continue
				}
				if !reflect.DeepEqual(got, c.want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
				}
			}
		})
	}
}

func TestMirrorsCountOnce(t *testing.T) {
	const file = "linux-headers-5.15.0-50-generic_5.15.0-50.56_amd64.deb"
	e := Entry{KernelRelease: "5.15.0-50-generic", Headers: []string{
		"http://a.example/" + file, "https://z.example/x/../" + file, "http://b.example/" + file, "http://A.example/" + file,
	}}
	kernels, err := e.Kernels("ubuntu", "x86_64")
	if err != nil || len(kernels) != 1 || len(kernels[0].Files) != 1 {
		t.Fatalf("got %v, %v; want one kernel with one file", kernels, err)
	}
	f := kernels[0].Files[0]
	if want := "https://z.example/" + file; f.URL != want {
		t.Errorf("chose %s, want the encrypted %s", f.URL, want)
	}
	if want := urls("http://", "a.example/"+file, "b.example/"+file); !reflect.DeepEqual(f.Mirrors, want) {
		t.Errorf("mirrors %q, want %q", f.Mirrors, want)
	}
}

func TestNormalizeURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://Repo.Example/2/core/2.0/x86_64/3dce/../../../../../blobstore/f8/kernel-devel-1.rpm": "http://repo.example/blobstore/f8/kernel-devel-1.rpm",
		"HTTPS://a.example/a/./b//c.deb#top":                      "https://a.example/a/b/c.deb",
		"https://a.example/../../etc/x.deb":                       "https://a.example/etc/x.deb",
		"https://a.example/c%2Bd.deb?token=1":                     "https://a.example/c%2Bd.deb?token=1",
		"debian-security:pool/updates/main/l/linux/a+b~1_all.deb": "debian-security:pool/updates/main/l/linux/a+b~1_all.deb",
	} {
		got, err := NormalizeURL(in)
		if err != nil || got != want {
			t.Errorf("NormalizeURL(%q) = %q, %v; want %q", in, got, err, want)
		}
		if again, _ := NormalizeURL(got); again != got {
			t.Errorf("NormalizeURL is not stable: %q becomes %q", got, again)
		}
	}
	for _, bad := range []string{"", "ftp://a.example/x", "file:///etc/passwd", "https://a.example/", "https://a.example", "x.deb", "debian:../x", "debian:a//b", "://", "http:///x"} {
		if got, err := NormalizeURL(bad); err == nil {
			t.Errorf("NormalizeURL(%q) = %q; want an error", bad, got)
		}
	}
}

func TestDebianFlavour(t *testing.T) {
	for release, want := range map[string]string{
		"6.1.0-56-amd64":                "generic",
		"6.1.0-56-cloud-amd64":          "cloud",
		"6.1.0-0.deb11.48-rt-arm64":     "rt",
		"6.12.48+deb13-arm64-16k":       "16k",
		"7.3.4+deb13-cloud-arm64":       "cloud",
		"6.0.0-rc7-amd64":               "generic",
		"5.10.0-0.deb10.16-cloud-amd64": "cloud",
		"something-else":                "generic",
	} {
		if got := DebianFlavour(release); got != want {
			t.Errorf("DebianFlavour(%q) = %q, want %q", release, got, want)
		}
	}
}

func TestNewest(t *testing.T) {
	kernel := func(build, version string, files ...string) Kernel {
		k := Kernel{Name: "x", Build: build, Version: version}
		for _, f := range files {
			k.Files = append(k.Files, File{Package: Package{URL: f}, Name: path.Base(f)})
		}
		return k
	}
	for _, c := range []struct {
		a, b  Kernel
		build string // "" if they are the same build
	}{
		{kernel("10", ""), kernel("10~16.04.1", ""), "10"},
		{kernel("9", ""), kernel("10", ""), "10"},
		{kernel("1", "6.1.192-1"), kernel("1", "6.1.192-2"), "1"},
		{kernel("1", ""), kernel("1", ""), ""},
	} {
		for _, swap := range []bool{false, true} {
			a, b := c.a, c.b
			if swap {
				a, b = b, a
			}
			winner, older := Newest(a, b)
			if (older == nil) != (c.build == "") || c.build != "" && winner.Build != c.build {
				t.Errorf("Newest(%+v, %+v) = %+v, %+v", a, b, winner, older)
			}
		}
	}
	a := kernel("1", "", "http://b.example/x.deb", "http://b.example/y.deb")
	b := kernel("1", "", "https://c.example/x.deb")
	b.Files[0].SHA256 = strings.Repeat("0", 64)
	want := []string{"http://b.example/y.deb", "https://c.example/x.deb"}
	for _, pair := range [][2]Kernel{{a, b}, {b, a}} {
		winner, _ := Newest(pair[0], pair[1])
		var got []string
		for _, f := range winner.Files {
			got = append(got, f.URL)
		}
		if len(got) == 2 && got[0] > got[1] {
			got[0], got[1] = got[1], got[0]
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("merged files are %q, want %q", got, want)
		}
	}
}

func TestArchOfName(t *testing.T) {
	for name, want := range map[string]string{
		"x86_64.json.gz":                          "x86_64",
		"/crawls/x86_64/list.json":                "x86_64",
		"https://a.example/aarch64/list.json":     "aarch64",
		"/amd64/arm64.json":                       "aarch64",
		"list.json":                               "",
		"both-x86_64-and-aarch64.json":            "",
		"/srv/x86_64/both-x86_64-and-aarch64.txt": "",
		"":  "",
		"/": "",
	} {
		if got := ArchOfName(name); got != want {
			t.Errorf("ArchOfName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestParseDistribution(t *testing.T) {
	for in, want := range map[string]string{
		"Ubuntu": "ubuntu", "AMAZONLINUX2": "amazonlinux2", "amazonlinux": "amazonlinux", "PhotonOS": "photon", " debian": "debian",
	} {
		if got, err := ParseDistribution(in); err != nil || got != want {
			t.Errorf("ParseDistribution(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, bad := range []string{"", "amazonlinux20", "debia", "ubuntu.*", "debian,ubuntu"} {
		if got, err := ParseDistribution(bad); err == nil || !strings.Contains(err.Error(), "ubuntu, amazonlinux2") {
			t.Errorf("ParseDistribution(%q) = %q, %v; want an error that names what there is", bad, got, err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package spec

import (
	"fmt"
	"strings"
	"testing"
)

const text = `%define debug 0
%global kversion 6.1.159
%define tarname linux-%{kversion}
%define kernel_devel_package(m) \
%package devel\
Patch77: not-one.patch\
%{nil}
# Patch3: gone.patch
Name: kernel%{?variant}
Version: %{kversion}
Release: 181.297%{?dist}
Source0: %{tarname}.tar.xz
Patch0010: 0010-%{nil}ten.patch
Patch2:0002-two.patch
patch0003 :  https://example.com/p/%{name}-%{version}.patch
%if 0%{?rhel}
Patch0004: patch-%{kversion}-%release-%{!?x:no}%{?x:yes}%{?debug:-d}100%%.patch
%endif
Patch: after-four.patch
Patch20: %(date).patch
Patch21: %{nowhere}.patch
Patch22: %{tarname.patch
Patch23: %kernel_devel_package.patch
%global kversion 7
Patch24: %{kversion}-%{version}.patch
Patch25: %{round}
%define round %{round}
Patch26: %{round}
%description
Patch30: still-a-tag.patch
%patchlist
# comment
listed.patch
%if 1
listed-%{kversion}.patch
%endif
%prep
%autosetup -p1
Patch99: no-tag-any-more.patch
%changelog
`

func TestPatches(t *testing.T) {
	patches, err := Patches(text)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range patches {
		fmt.Fprintf(&b, "%d %s %s %v\n", p.Line, p.Tag(), p.File, p.Err)
	}
	want := `14 Patch2 0002-two.patch <nil>
15 Patch3 kernel-6.1.159.patch <nil>
17 Patch4 patch-6.1.159-181.297-no-d100%.patch <nil>
19 Patch5 after-four.patch <nil>
13 Patch10 0010-ten.patch <nil>
20 Patch20  "%(date).patch" is not a macro that can be read without rpmbuild
21 Patch21  the spec does not define %{nowhere}
22 Patch22  "%{tarname.patch" has no end
23 Patch23  %{kernel_devel_package} takes parameters
25 Patch24 7-6.1.159.patch <nil>
26 Patch25  the spec does not define %{round}
28 Patch26  its macros stand in each other without end
30 Patch30 still-a-tag.patch <nil>
33 Patch31 listed.patch <nil>
35 Patch32 listed-7.patch <nil>
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
	if _, err := Patches("Patch99999999999999999999: x"); err == nil || !strings.Contains(err.Error(), "line 1: the number of") {
		t.Errorf("a number beyond reason: %v", err)
	}
}

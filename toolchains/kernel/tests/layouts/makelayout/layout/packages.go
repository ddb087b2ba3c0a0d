// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// makeRPM makes a kernel-devel package: one folder with everything, the
// sources of the kernel's programs included.
func makeRPM(r Request, work string) error {
	arch, ok := arches[r.Arch]
	if !ok {
		return fmt.Errorf("the architecture %q is not known", r.Arch)
	}
	staging := filepath.Join(work, "staging")
	t := tree(filepath.Join(staging, "usr/src/kernels", r.Release))
	if err := t.addCommon(r, arch.kernel); err != nil {
		return err
	}
	if err := t.addFlavour(r); err != nil {
		return err
	}
	if err := t.addPrograms(r); err != nil {
		return err
	}
	err := t.addSource(r.Source, func(name string) bool {
		return !ofOtherArch(name, arch.kernel) || strings.HasPrefix(name, "tools/arch/x86/")
	})
	if err != nil {
		return err
	}
	rest, ok := strings.CutSuffix(r.Release, "."+r.Arch)
	version, release, dashed := strings.Cut(rest, "-")
	if !ok || !dashed {
		return fmt.Errorf("the release %q is not version-release.%s", r.Release, r.Arch)
	}
	compression, ok := map[string]string{"zstd": "w3.zstdio", "xz": "w1.xzdio", "gzip": "w6.gzdio"}[r.Compression]
	if !ok {
		return fmt.Errorf("the compression %q is not known", r.Compression)
	}
	spec := filepath.Join(work, "kernel-devel.spec")
	text := fmt.Sprintf(`Name: kernel-devel
Version: %s
Release: %s
Summary: Development package for building kernel modules to match the kernel
License: GPL-2.0-only
AutoReqProv: no
Provides: kernel-devel-uname-r = %s
%%description
Kernel headers and makefiles sufficient to build modules against the kernel.
%%install
cp -a %s/. "$RPM_BUILD_ROOT"
%%files
%%defattr(-,root,root,0755)
/usr/src/kernels
`, version, release, r.Release, staging)
	if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
		return err
	}
	bin := filepath.Join(r.Packagers, "usr/bin")
	args := []string{"-bb", "--target", r.Arch}
	for _, macro := range []string{
		"_topdir " + filepath.Join(work, "top"), "_tmppath " + filepath.Join(work, "tmp"),
		"_rpmdir " + filepath.Join(work, "out"), "_rpmfilename package.rpm",
		"_dbpath " + filepath.Join(work, "db"),
		"_binary_payload " + compression,
		// Programs, by the tool root instead of where they would be installed.
		"_buildshell " + filepath.Join(bin, "bash"), "__rm rm", "__mkdir mkdir", "__mkdir_p mkdir -p", "__chmod chmod",
		// These would ask the machine's shell for the number of processors.
		"__smp_use_ncpus 1", "_smp_build_ncpus 1", "_smp_build_nthreads 1",
		// Nothing is stripped, checked or compressed: the files are as they are.
		"__os_install_post %{nil}", "__check_files %{nil}", "debug_package %{nil}",
		// Nothing of the machine or the moment goes into the package.
		"_buildhost example", "use_source_date_epoch_as_buildtime 1", "clamp_mtime_to_source_date_epoch 1",
		"build_mtime_policy clamp_to_source_date_epoch", "source_date_epoch_from_changelog 0",
	} {
		args = append(args, "--define", macro)
	}
	if err := run(r, work, "rpmbuild", append(args, spec)...); err != nil {
		return err
	}
	return move(filepath.Join(work, "out/package.rpm"), r.Out)
}

// ubuntuABI cuts the flavour off: 6.12.0-107 of 6.12.0-107-generic.
func ubuntuABI(release string) string {
	return release[:strings.LastIndexByte(release, '-')]
}

// makeUbuntuCommon makes linux-headers-ABI: headers of all processors, scripts
// with their sources, but of tools only the makefiles.
func makeUbuntuCommon(r Request, work string) error {
	staging := filepath.Join(work, "staging")
	if err := ubuntuCommon(r, tree(filepath.Join(staging, "usr/src/linux-headers-"+ubuntuABI(r.Release)))); err != nil {
		return err
	}
	return makeDeb(r, work, staging, "linux-headers-"+ubuntuABI(r.Release), "all", "")
}

func ubuntuCommon(r Request, t tree) error {
	if err := t.addCommon(r, "arm", "arm64", "x86"); err != nil {
		return err
	}
	return t.addSource(r.Source, func(name string) bool {
		base := filepath.Base(name)
		return (!strings.HasPrefix(name, "tools/") || strings.HasPrefix(base, "Makefile") || base == "Kbuild") &&
			!ofOtherArch(name, "arm", "arm64", "x86")
	})
}

// makeUbuntuFlavour makes linux-headers-ABI-flavour: what is of the flavour,
// the compiled programs, and links to the common package for all the rest.
func makeUbuntuFlavour(r Request, work string) error {
	arch, ok := arches[r.Arch]
	if !ok {
		return fmt.Errorf("the architecture %q is not known", r.Arch)
	}
	common := tree(filepath.Join(work, "common"))
	if err := ubuntuCommon(r, common); err != nil {
		return err
	}
	staging := filepath.Join(work, "staging")
	t := tree(filepath.Join(staging, "usr/src/linux-headers-"+r.Release))
	if err := t.addFlavour(r); err != nil {
		return err
	}
	if err := t.addPrograms(r); err != nil {
		return err
	}
	if err := t.linkTo(common, "linux-headers-"+ubuntuABI(r.Release)); err != nil {
		return err
	}
	return makeDeb(r, work, staging, "linux-headers-"+r.Release, arch.deb, "linux-headers-"+ubuntuABI(r.Release))
}

// linkTo links what t has not to the folder name beside it, which holds what
// other does: whole folders where t has none of that name.
func (t tree) linkTo(other tree, name string) error {
	return filepath.WalkDir(string(other), func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == string(other) {
			return err
		}
		below, err := filepath.Rel(string(other), file)
		if err != nil {
			return err
		}
		if t.has(below) {
			return nil
		}
		up := strings.Repeat("../", strings.Count(below, "/")+1)
		if err := os.Symlink(up+name+"/"+below, filepath.Join(string(t), below)); err != nil {
			return err
		}
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
}

// maxPlainName is the longest name that a tar header holds by itself.
const maxPlainName = 99

// dropLongNames removes the few files whose name wants a header of its own: into
// that GNU tar, which dpkg-deb runs, writes what the machine's /etc/passwd calls
// user 0, if it has one.
func dropLongNames(staging string) error {
	return filepath.WalkDir(staging, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		below, err := filepath.Rel(staging, file)
		if err == nil && len("./"+below) > maxPlainName {
			err = os.Remove(file)
		}
		return err
	})
}

func makeDeb(r Request, work, staging, name, arch, depends string) error {
	control := fmt.Sprintf("Package: %s\nVersion: %s.1\nArchitecture: %s\nMaintainer: Kernel Team <kernel@example.org>\n",
		name, ubuntuABI(r.Release), arch)
	if depends != "" {
		control += "Depends: " + depends + "\n"
	}
	control += "Description: Header files of the kernel\n"
	if err := tree(staging).write("DEBIAN/control", 0o644, []byte(control)); err != nil {
		return err
	}
	// dpkg-deb insists on these, whatever the umask.
	if err := os.Chmod(filepath.Join(staging, "DEBIAN"), 0o755); err != nil {
		return err
	}
	if err := dropLongNames(staging); err != nil {
		return err
	}
	out := filepath.Join(work, "out.deb")
	if err := run(r, work, "dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zzstd", "-z3", "--build", staging, out); err != nil {
		return err
	}
	return move(out, r.Out)
}

// run starts a packager with nothing but its own tool root.
func run(r Request, work, program string, args ...string) error {
	bin := filepath.Join(r.Packagers, "usr/bin")
	for _, dir := range []string{"tmp", "home"} {
		if err := os.MkdirAll(filepath.Join(work, dir), 0o755); err != nil {
			return err
		}
	}
	var log bytes.Buffer
	cmd := exec.Command(filepath.Join(bin, program), args...)
	cmd.Dir = work
	cmd.Env = []string{
		"PATH=" + bin, "LC_ALL=C", "HOME=" + filepath.Join(work, "home"), "TMPDIR=" + filepath.Join(work, "tmp"),
		"RPM_CONFIGDIR=" + filepath.Join(r.Packagers, "usr/lib/rpm"), "SOURCE_DATE_EPOCH=1", "TZ=UTC",
		// rpmbuild writes into the package what each file is, as this database says.
		"MAGIC=" + filepath.Join(r.Packagers, "usr/lib/file/magic.mgc"),
	}
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, log.String())
	}
	return nil
}

func move(from, to string) error {
	data, err := os.ReadFile(from)
	if os.IsNotExist(err) {
		return errNoPackage
	}
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

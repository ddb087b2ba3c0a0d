// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/qemu"
)

const netUsage = `Usage: vmnetrun [flags]

Boots the virtual machines of one test on a private network, runs each role's
programs and judges what happened. Under Bazel the configuration stands beside the
program, and the environment (TEST_TIMEOUT, XML_OUTPUT_FILE,
TEST_UNDECLARED_OUTPUTS_DIR) says where results go. Exit status: 0 the test has
succeeded, 1 it has not, 2 wrong usage.

Flags:
`

// NetMain is the program vmnetrun; it returns the exit status.
func NetMain(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("vmnetrun", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, netUsage)
		flags.PrintDefaults()
	}
	file := flags.String("config", args[0]+".json", "configuration of the test")
	dir := flags.String("dir", runfiles(args[0]), "folder from which its relative paths are taken")
	out := flags.String("out", os.Getenv("TEST_UNDECLARED_OUTPUTS_DIR"), "folder for wire.pcapng, consoles, kernel logs and result.json")
	xmlFile := flags.String("xml", os.Getenv("XML_OUTPUT_FILE"), "file for the JUnit report")
	accel := flags.String("accel", "", "tcg, auto or kvm, instead of what the test says")
	timeout := flags.Int("timeout", 0, "time limit of each guest in seconds, instead of the test's")
	command := flags.Bool("print-command", false, "only print the QEMU commands that start the guests by hand, a line for each role")
	switch err := flags.Parse(args[1:]); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "vmnetrun: unexpected argument %q; see --help\n", flags.Arg(0))
		return 2
	}
	c, err := LoadNet(*file, *dir)
	if err == nil {
		for i := range c.Roles {
			g := &c.Roles[i].Guest
			if *accel != "" {
				g.Accel = *accel
			}
			if *timeout > 0 {
				g.TimeoutSeconds = *timeout
			}
		}
		err = c.check()
	}
	if err != nil {
		fmt.Fprintf(stderr, "vmnetrun: %v\n", err)
		return 2
	}
	if *command {
		for i := range c.Roles {
			fmt.Fprintln(stdout, c.Roles[i].command())
		}
		return 0
	}
	return runAndReportNet(c, *out, *xmlFile, stdout, stderr)
}

// command starts the role's guest by hand.
func (r *Role) command() string {
	m := r.Guest.machine()
	(&link{network: &qemu.Network{MAC: r.MAC}}).plug(m)
	return m.Command()
}

func runAndReportNet(c *NetConfig, out, xmlFile string, stdout, stderr io.Writer) int {
	if why := c.skip(); why != "" {
		return skip(&Config{Name: c.Name, Kernel: c.kernels(), Skip: why}, xmlFile, stdout, stderr)
	}
	if out != "" {
		if err := os.MkdirAll(out, 0o755); err != nil {
			fmt.Fprintf(stderr, "vmnetrun: %v\n", err)
			return 1
		}
	}
	env := Env{Out: out, Show: stdout}
	if n, err := strconv.Atoi(os.Getenv("TEST_TIMEOUT")); err == nil && n > 0 {
		env.Limit = time.Duration(n) * time.Second
	}
	if d, err := os.UserCacheDir(); err == nil {
		env.CacheDir = filepath.Join(d, "tidelock")
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	fmt.Fprintf(stdout, "vmtest: %s on %s\n", c.Name, c.kernels())
	r := RunNet(ctx, c, env)
	status := 0
	if !r.OK {
		r.Explain(stdout)
		status = 1
	}
	if err := r.Save(out, xmlFile); err != nil {
		fmt.Fprintf(stderr, "vmnetrun: the result could not be written: %v\n", err)
		status = 1
	}
	fmt.Fprintln(stdout, r.Summary())
	return status
}

// Save writes the result, and each role's kernel log, output and counts under its
// name, into dir (if it is not empty) and the JUnit report to xmlFile (if it is not empty).
func (r *NetResult) Save(dir, xmlFile string) error {
	if dir != "" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		files := map[string][]byte{"result.json": append(text, '\n')}
		for _, role := range r.Roles {
			if role.dmesg != "" {
				files[role.Role+".dmesg.log"] = []byte(role.dmesg)
			}
			for _, p := range role.Programs {
				files[role.Role+"."+fileName(p.Name)+".log"] = []byte(p.output)
			}
		}
		for name, data := range files {
			if err := writeFile(filepath.Join(dir, name), data); err != nil {
				return err
			}
		}
	}
	if err := r.saveCoverage(dir, os.Getenv("COVERAGE_DIR")); err != nil {
		return err
	}
	if xmlFile == "" {
		return nil
	}
	text, err := r.JUnit()
	if err != nil {
		return err
	}
	return writeFile(xmlFile, text)
}

// JUnit renders the result for Bazel: the cases of each role with the role as their
// class, and one case for the verdict on the whole.
func (r *NetResult) JUnit() ([]byte, error) {
	s := junitSuite{Name: r.Name, Time: seconds(r.Seconds)}
	v := junitCase{Name: "verdict", ClassName: r.Kernel, Time: seconds(r.Seconds)}
	text := r.Detail
	for _, role := range r.Roles {
		s.add(role.Role+".", role.Programs)
		text += fmt.Sprintf("\n\nrole %s: %s\n%s\n%s", role.Role, role.Verdict, role.tail, role.Command)
	}
	if !r.OK {
		v.Error = &junitBad{Type: string(r.Class), Message: clean(r.Verdict.String()), Text: clean(text)}
		s.Errors++
	}
	s.Cases = append(s.Cases, v)
	return s.render()
}

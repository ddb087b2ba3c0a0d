// SPDX-License-Identifier: Apache-2.0

package symbolize

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

const usage = `Usage: symbolize --vmlinux FILE [--module NAME=FILE]... [LOG]

Adds lines of source to the stack traces in a kernel's console: behind each
function+0x12/0x34 the file and line, and by what it was inlined. LOG is the
console; without it standard input is read. Everything else passes unchanged.

vmlinux is the kernel as it was linked, with debug info; of a module any .ko that
kept its debug info. Both must be of the very build that printed the traces.

Exit status: 0 done, 1 a file cannot be read, 2 wrong usage.

Flags:
`

// maxLog is the longest console that is read.
const maxLog = 1 << 30

// Main is the program symbolize; it returns the exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("symbolize", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	vmlinux := flags.String("vmlinux", "", "`FILE` of the kernel")
	modules := map[string]string{}
	flags.Func("module", "`NAME=FILE` of a module; may be given several times", func(value string) error {
		name, file, ok := strings.Cut(value, "=")
		if !ok || name == "" || file == "" {
			return fmt.Errorf("it is not of the form NAME=FILE")
		}
		if _, twice := modules[name]; twice {
			return fmt.Errorf("the module %s was given before", name)
		}
		modules[name] = file
		return nil
	})
	switch err := flags.Parse(args[1:]); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 1:
		fmt.Fprintf(stderr, "symbolize: unexpected argument %q; see --help\n", flags.Arg(1))
		return 2
	case *vmlinux == "" && len(modules) == 0:
		fmt.Fprintln(stderr, "symbolize: give --vmlinux, --module or both; see --help")
		return 2
	}
	if err := run(*vmlinux, modules, flags.Arg(0), stdin, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "symbolize: %v\n", err)
		return 1
	}
	return 0
}

func run(vmlinux string, modules map[string]string, log string, stdin io.Reader, stdout, stderr io.Writer) error {
	if log != "" {
		f, err := os.Open(log)
		if err != nil {
			return err
		}
		defer f.Close()
		stdin = f
	}
	s, err := Open(vmlinux, modules)
	if err != nil {
		return err
	}
	defer s.Close()
	console, err := io.ReadAll(io.LimitReader(stdin, maxLog+1))
	if err != nil {
		return err
	}
	if len(console) > maxLog {
		return fmt.Errorf("the console has more than %d MiB; cut out the report", maxLog>>20)
	}
	if _, err := stdout.Write(s.Text(console)); err != nil {
		return err
	}
	for _, note := range s.Notes() {
		fmt.Fprintf(stderr, "symbolize: %s\n", note)
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package applets

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// flags reads a command line; every mistake is a usageError.
func flags(args []string, define func(*flag.FlagSet)) ([]string, error) {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	define(set)
	if err := set.Parse(args); err != nil {
		return nil, usageError(err.Error())
	}
	return set.Args(), nil
}

// eachFile calls do with each file, or with the standard input where none is named.
func eachFile(s streams, names []string, do func(name string, r io.Reader) error) error {
	if len(names) == 0 {
		return do("", s.in)
	}
	var errs []error
	for _, name := range names {
		f, err := os.Open(name)
		if err == nil {
			err = do(name, f)
			f.Close()
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// eachLine calls do with each line, which has its line end.
func eachLine(r io.Reader, do func(line []byte) error) error {
	b := bufio.NewReader(r)
	for {
		line, err := b.ReadBytes('\n')
		if len(line) > 0 {
			if err := do(line); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func grep(s streams, args []string) error {
	var fold, invert, count bool
	args, err := flags(args, func(f *flag.FlagSet) {
		f.BoolVar(&fold, "i", false, "")
		f.BoolVar(&invert, "v", false, "")
		f.BoolVar(&count, "c", false, "")
	})
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usageError("no pattern")
	}
	pattern := args[0]
	if fold {
		pattern = "(?i)" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return usageError(err.Error())
	}
	total := 0
	err = eachFile(s, args[1:], func(name string, r io.Reader) error {
		prefix := ""
		if len(args) > 2 {
			prefix = name + ":"
		}
		n := 0
		err := eachLine(r, func(line []byte) error {
			if re.Match(bytes.TrimSuffix(line, []byte("\n"))) == invert {
				return nil
			}
			n++
			if count {
				return nil
			}
			_, err := fmt.Fprintf(s.out, "%s%s\n", prefix, bytes.TrimSuffix(line, []byte("\n")))
			return err
		})
		if count {
			fmt.Fprintf(s.out, "%s%d\n", prefix, n)
		}
		total += n
		return err
	})
	if err == nil && total == 0 {
		return errSilent
	}
	return err
}

// lineCount reads -n and its short form -NUMBER.
func lineCount(args []string) (int, []string, error) {
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		if n, err := strconv.Atoi(args[0][1:]); err == nil && n >= 0 {
			return n, args[1:], nil
		}
	}
	n := 10
	rest, err := flags(args, func(f *flag.FlagSet) { f.IntVar(&n, "n", 10, "") })
	if err == nil && n < 0 {
		err = usageError("fewer than no lines")
	}
	return n, rest, err
}

func head(s streams, args []string) error {
	n, files, err := lineCount(args)
	if err != nil {
		return err
	}
	return eachFile(s, files, func(_ string, r io.Reader) error {
		left := n
		if left == 0 {
			return nil
		}
		err := eachLine(r, func(line []byte) error {
			left--
			if _, err := s.out.Write(line); err != nil || left > 0 {
				return err
			}
			return io.EOF
		})
		if err == io.EOF {
			return nil
		}
		return err
	})
}

func tail(s streams, args []string) error {
	n, files, err := lineCount(args)
	if err != nil {
		return err
	}
	return eachFile(s, files, func(_ string, r io.Reader) error {
		var last [][]byte
		err := eachLine(r, func(line []byte) error {
			last = append(last, bytes.Clone(line))
			if len(last) > n {
				last = last[1:]
			}
			return nil
		})
		for _, line := range last {
			if _, err := s.out.Write(line); err != nil {
				return err
			}
		}
		return err
	})
}

// wc counts lines, words and bytes (POSIX wc): all three, or those that are asked for.
func wc(s streams, args []string) error {
	var want [3]bool
	files, err := flags(args, func(f *flag.FlagSet) {
		for i, name := range []string{"l", "w", "c"} {
			f.BoolVar(&want[i], name, false, "")
		}
	})
	if err != nil {
		return err
	}
	all := want == [3]bool{}
	return eachFile(s, files, func(name string, r io.Reader) error {
		var counts [3]int
		err := eachLine(r, func(line []byte) error {
			counts[0] += bytes.Count(line, []byte("\n"))
			counts[1] += len(bytes.Fields(line))
			counts[2] += len(line)
			return nil
		})
		var columns []string
		for i, n := range counts {
			switch {
			case all:
				columns = append(columns, fmt.Sprintf("%7d", n))
			case want[i]:
				columns = append(columns, strconv.Itoa(n))
			}
		}
		if name != "" {
			columns = append(columns, name)
		}
		fmt.Fprintln(s.out, strings.Join(columns, " "))
		return err
	})
}

// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestReadConfig(t *testing.T) {
	good := `{"programs":[{"name":"a","path":"/bin/a","format":"go","env":["A=b"]}],"load":["x"],
		"modules":[{"name":"x","path":"/x.ko","depends":["y"]},{"name":"y","path":"","builtin":true}]}`
	if _, err := ReadConfig(strings.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadConfig(strings.NewReader(`{"programs":[],"shell":{"path":"/sh","kernel":"k","modules":["/x.ko"]}}`)); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ text, want string }{
		{`{"programs":[]}`, "programs: the list is empty"},
		{`{"programs":[{"name":"","path":"/a","format":"go"}]}`, "programs[0].name: is empty"},
		{`{"programs":[{"name":"a","path":"a","format":"go"}]}`, `"a" is not absolute`},
		{`{"programs":[{"name":"a","path":"/a","format":"xml"}]}`, `"xml" is not one of`},
		{`{"programs":[{"name":"a","path":"/a","format":"go"},{"name":"a","path":"/a","format":"go"}]}`, "stands there twice"},
		{`{"programs":[{"name":"a","path":"/a","format":"go","env":["=x"]}]}`, "not KEY=value"},
		{`{"programs":[{"name":"a","path":"/a","format":"go"}],"env":["x"]}`, "not KEY=value"},
		{`{"programs":[{"name":"a","path":"/a","format":"go"}],"load":["x"]}`, "not in the catalogue"},
		{`{"programs":[{"name":"a","path":"/a","format":"go"}],"modules":[{"name":"x","path":"/x","depends":["y"]}]}`, "needs y"},
		{`{"programs":[{"name":"a","path":"/a","format":"go"}],"modules":[{"name":"x","path":"x"}]}`, "not absolute"},
		{`{"programs":[{"name":"a","path":"/a","format":"go"}],"modules":[{"name":"x","path":"/x"},{"name":"x","path":"/x"}]}`, "twice"},
		{`{"program":[]}`, "unknown field"},
		{`{"programs":[],"shell":{"path":"sh","kernel":"k"}}`, `shell.path: "sh" is not absolute`},
		{`{"programs":[],"shell":{"path":"/sh","kernel":"k","modules":["x.ko"]}}`, `shell.modules[0]: "x.ko" is not absolute`},
		{good + `{}`, "something follows"},
		{good[:40], "it ends in the middle"},
	} {
		if _, err := ReadConfig(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.text, err, c.want)
		}
	}
}

// sample sends some events through an encoder.
func sample(t *testing.T) []byte {
	var b bytes.Buffer
	enc := NewEncoder(&b)
	out := Event{Type: TypeOutput, Program: "p"}
	out.SetData([]byte("text with \n and \x16 and ü"))
	bin := Event{Type: TypeOutput, Program: "p"}
	bin.SetData([]byte{0xff, 0, 0xfe})
	for _, ev := range []Event{{Type: TypeStart, Release: "6.1"}, out, bin, {Type: TypeDone, Exit: 3, Taint: 4096}} {
		if err := enc.Send(ev); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestStreamInPieces(t *testing.T) {
	data := sample(t)
	for _, size := range []int{1, 2, 7, 64, len(data)} {
		var s Stream
		var got []Event
		for piece := range slices.Chunk(data, size) {
			if err := s.Write(piece, func(ev Event) { got = append(got, ev) }); err != nil {
				t.Fatalf("pieces of %d: %v", size, err)
			}
		}
		if err := s.Close(); err != nil || len(got) != 4 {
			t.Fatalf("pieces of %d: %d events, %v", size, len(got), err)
		}
		if string(got[1].Data()) != "text with \n and \x16 and ü" || !bytes.Equal(got[2].Data(), []byte{0xff, 0, 0xfe}) {
			t.Errorf("pieces of %d: data %q, %q", size, got[1].Data(), got[2].Data())
		}
		if got[3].Exit != 3 || got[3].Taint != 4096 || got[0].Release != "6.1" {
			t.Errorf("pieces of %d: %+v", size, got)
		}
	}
}

// What the kernel's log is full of takes one byte each on the serial port.
func TestEventsAreShort(t *testing.T) {
	var b bytes.Buffer
	log := strings.Repeat("<6>[    0.1] a & b -> c\n", 100)
	if err := NewEncoder(&b).Send(Event{Type: TypeDmesg, Text: log}); err != nil {
		t.Fatal(err)
	}
	if room := len(log) + 100 + 100; b.Len() > room || bytes.Count(b.Bytes(), []byte("\n")) != 1 {
		t.Errorf("%d bytes of log are %d bytes of event, want at most %d on one line", len(log), b.Len(), room)
	}
	var s Stream
	if err := s.Write(b.Bytes(), func(ev Event) {
		if ev.Text != log {
			t.Errorf("%q", ev.Text)
		}
	}); err != nil {
		t.Error(err)
	}
}

func TestStreamTrustsNothing(t *testing.T) {
	lines := bytes.SplitAfter(sample(t), []byte("\n"))
	join := func(l ...[]byte) []byte { return bytes.Join(l, nil) }
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"lost line":     {join(lines[0], lines[2]), "event 3 follows event 1"},
		"repeated line": {join(lines[0], lines[0]), "event 1 follows event 1"},
		"foreign text":  {join(lines[0], []byte("hello\n")), "is not an event"},
		"after done":    {join(lines[0], lines[1], lines[2], lines[3], []byte(`{"seq":5,"type":"output","uptime":0,"exit":0}`+"\n")), "after the done event"},
		"torn line":     {join(lines[0], lines[1][:9]), "middle of a line"},
		"endless line":  {bytes.Repeat([]byte("x"), MaxLine+1), "longer than"},
		"unknown field": {[]byte(`{"seq":1,"type":"start","uptime":0,"exit":0,"x":1}` + "\n"), "is not an event"},
	} {
		var s Stream
		err := s.Write(c.data, func(Event) {})
		if err == nil {
			err = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		if again := s.Write(lines[0], func(Event) { t.Errorf("%s: an event after the error", name) }); again == nil {
			t.Errorf("%s: the error was forgotten", name)
		}
	}
}

func TestClosure(t *testing.T) {
	all := []Module{{Name: "a", Depends: []string{"b"}}, {Name: "b", Depends: []string{"c_d"}}, {Name: "c_d"}, {Name: "e"}}
	got, err := Closure(all, []string{"b", "c-d?", "absent?"})
	if err != nil || !reflect.DeepEqual(got, all[1:3]) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Closure(all, []string{"absent"}); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("error %v", err)
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte(`{"seq":1,"type":"start","uptime":1.5,"exit":0}`+"\n"), 3)
	f.Add([]byte("\n\n{}\n"), 1)
	f.Add([]byte(`{"seq":1,"type":"output","bytes":"/w==","uptime":0,"exit":0}`+"\n"+`{"seq":2,"type":"done","uptime":0,"exit":0}`+"\n"), 10)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		// The events must not depend on how the channel cut the bytes.
		read := func(size int) string {
			var s Stream
			var out strings.Builder
			for piece := range slices.Chunk(data, size) {
				s.Write(piece, func(ev Event) { fmt.Fprintf(&out, "%+v\n", ev) })
			}
			fmt.Fprint(&out, s.Close())
			return out.String()
		}
		if len(data) == 0 || len(data) > MaxLine {
			return
		}
		if a, b := read(max(1, size%64)), read(len(data)); a != b {
			t.Errorf("in pieces:\n%s\nat once:\n%s", a, b)
		}
	})
}

func FuzzReadConfig(f *testing.F) {
	f.Add([]byte(`{"programs":[{"name":"a","path":"/bin/a","format":"go"}]}`))
	f.Add([]byte(`{"programs":[{"name":"a","path":"/bin/a","format":"go"}],"modules":[{"name":"x","path":"/x"}],"load":["x"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ReadConfig(bytes.NewReader(data))
		if err == nil && c.Validate() != nil {
			t.Error("an invalid configuration was accepted")
		}
	})
}

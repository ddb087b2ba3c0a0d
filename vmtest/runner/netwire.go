// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidelock/tidelock/vmtest/ethernet"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// maxCapture bounds wire.pcapng.
const maxCapture = 64 << 20

// Wire says what wire.pcapng has.
type Wire struct {
	// Frames is the number of recorded frames, Unrecorded that of those for which
	// there was no room.
	Frames     int64 `json:"frames"`
	Unrecorded int64 `json:"unrecorded,omitempty"`
	// Lost counts what guests sent and what is not recorded because it was no whole
	// frame: Odd and Truncated of all ports.
	Lost int64 `json:"lost,omitempty"`
	// Unread counts recorded frames that were searched only each by itself.
	Unread ethernet.Unread `json:"unread,omitzero"`
	// Late lists the roles whose frames had not been read to the end in time.
	Late []string `json:"late,omitempty"`
	// Payload counts the bytes that TCP and UDP carried.
	Payload int64 `json:"payload_bytes"`
	found   map[string]bool
}

// judge decides about what crossed the wire. What was found there is certain; that
// something was not there is believed only of a record that is complete and was read.
func (w *Wire) judge(c *NetConfig) verdict.Verdict {
	for _, text := range c.WireHasNot {
		if w.found[text] {
			return verdict.Verdict{Class: verdict.TestFail, Title: fmt.Sprintf("the wire has %q", text), Detail: "wire.pcapng shows where"}
		}
	}
	if len(w.Late) > 0 {
		return verdict.Verdict{Class: verdict.Infra, Title: "the record of the wire is not complete", Detail: fmt.Sprintf(
			"%v after the last QEMU had ended, what these roles had sent was not read to its end: %s. Does something else hold the cable, or is this machine overloaded?",
			drainTime, strings.Join(w.Late, ", "))}
	}
	var missing string
	for _, text := range c.WireHas {
		if !w.found[text] && missing == "" {
			missing = text
		}
	}
	asked := len(c.WireHas)+len(c.WireHasNot) > 0
	switch {
	case asked && w.Unread.Sum() > 0:
		return verdict.Verdict{Class: verdict.Infra, Title: "the wire carried what is not searched", Detail: fmt.Sprintf(
			"Of %d frames were not put together, and so not searched for wire_has and wire_has_not as a whole: %s. Let the programs send over TCP, or datagrams that fit into a frame (MTU 1500), without VLAN or tunnels; wire.pcapng shows them.",
			w.Frames, w.Unread)}
	case asked && w.Lost > 0:
		return verdict.Verdict{Class: verdict.Infra, Title: "the record of the wire is not complete", Detail: fmt.Sprintf(
			"Of what guests sent, %d was no whole frame, into which wire_has and wire_has_not cannot look; odd and truncated of each role in result.json say whose.", w.Lost)}
	case w.Unrecorded > 0 && (len(c.WireHasNot) > 0 || missing != ""):
		return verdict.Verdict{Class: verdict.Infra, Title: "the record of the wire is not complete", Detail: fmt.Sprintf(
			"%d frames did not fit into %d MiB. Let the programs send less.", w.Unrecorded, maxCapture>>20)}
	case missing != "":
		return verdict.Verdict{Class: verdict.TestFail, Title: fmt.Sprintf("the wire has not %q", missing), Detail: fmt.Sprintf("%d frames, %d bytes of payload", w.Frames, w.Payload)}
	case len(c.WireHasNot) > 0 && w.Payload == 0:
		return verdict.Verdict{Class: verdict.TestFail, Title: "nothing crossed the wire", Detail: "that a text is not on an empty wire proves nothing"}
	}
	return verdict.Verdict{Class: verdict.Pass}
}

// record is wire.pcapng.
type record struct {
	file    *os.File
	capture *ethernet.Capture
	remove  bool
}

// newRecord starts the capture, in a temporary file when there is no folder for it.
func newRecord(out string, interfaces []ethernet.Interface) (*record, error) {
	var f *os.File
	var err error
	if out == "" {
		f, err = os.CreateTemp(os.Getenv("TEST_TMPDIR"), "wire-*.pcapng")
	} else {
		f, err = os.Create(filepath.Join(out, "wire.pcapng"))
	}
	if err != nil {
		return nil, fmt.Errorf("record of the network: %w", err)
	}
	return &record{f, ethernet.NewCapture(f, interfaces, maxCapture), out == ""}, nil
}

func (r *record) close() error {
	err := r.capture.Close()
	if cerr := r.file.Close(); err == nil {
		err = cerr
	}
	if r.remove {
		os.Remove(r.file.Name())
	}
	return err
}

// read closes the record and looks into the file for what the test asks for.
func (r *record) read(c *NetConfig) (Wire, error) {
	w := Wire{Unrecorded: r.capture.Unrecorded()}
	err := r.capture.Close()
	if err == nil {
		_, err = r.file.Seek(0, io.SeekStart)
	}
	var packets []ethernet.Packet
	if err == nil {
		_, packets, err = ethernet.ReadCapture(r.file)
	}
	if cerr := r.close(); err == nil {
		err = cerr
	}
	if err != nil {
		return w, fmt.Errorf("record of the network: %w", err)
	}
	texts := append(append([]string(nil), c.WireHas...), c.WireHasNot...)
	w.Frames = int64(len(packets))
	f := ethernet.Search(packets, texts)
	w.found, w.Payload, w.Unread = f.Found, f.Payload, f.Unread
	return w, nil
}

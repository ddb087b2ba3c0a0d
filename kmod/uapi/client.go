// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
)

// ErrNotLoaded says that the kernel has no family of that name.
var ErrNotLoaded = errors.New("the tidelock kernel module is not loaded: insmod tidelock.ko")

// Client talks to the loaded module. Several goroutines may share one.
type Client struct {
	conn   *genetlink.Conn
	family genetlink.Family
}

// Dial finds the module in the network namespace of the calling thread. The error is
// ErrNotLoaded where there is none.
func Dial() (*Client, error) {
	conn, err := genetlink.Dial(&netlink.Config{Strict: true})
	if err != nil {
		return nil, fmt.Errorf("open a generic netlink socket: %w", err)
	}
	family, err := conn.GetFamily(FamilyName)
	if err != nil {
		conn.Close()
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNotLoaded
		}
		return nil, fmt.Errorf("look up the netlink family %s: %w", FamilyName, err)
	}
	return &Client{conn: conn, family: family}, nil
}

// Close frees the socket.
func (c *Client) Close() error { return c.conn.Close() }

// Info asks for version and capabilities. It fails where the module's ABI is older than this package's.
func (c *Client) Info() (*Info, error) {
	e := netlink.NewAttributeEncoder()
	e.Uint32(AttrInfoABI, ABI)
	attrs, err := e.Encode()
	if err != nil {
		return nil, fmt.Errorf("get-info: %w", err)
	}
	replies, err := c.conn.Execute(genetlink.Message{
		Header: genetlink.Header{Command: CmdGetInfo, Version: FamilyVersion},
		Data:   attrs,
	}, c.family.ID, netlink.Request)
	if err != nil {
		return nil, fmt.Errorf("get-info: %w", err)
	}
	if len(replies) != 1 || replies[0].Header.Command != CmdGetInfo {
		return nil, fmt.Errorf("get-info: %d replies, want one of command %d", len(replies), CmdGetInfo)
	}
	return parseInfo(replies[0].Data)
}

// SPDX-License-Identifier: Apache-2.0

package tidelock

import (
	"errors"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"github.com/tidelock/tidelock/kmod/uapi"
	"golang.org/x/sys/unix"
)

// Absent tells the errors that somebody meets who asks while the module comes or goes.
func Absent(err error) bool {
	return errors.Is(err, uapi.ErrNotLoaded) ||
		errors.Is(err, unix.ENOENT) || // no such file, no such family any more
		errors.Is(err, unix.ENODEV) || // the file was open
		errors.Is(err, unix.EIO) // the same in /proc
}

// AskInfo opens a socket for ten questions, so that who calls it again and again
// meets the family in all states.
func AskInfo() error {
	c, err := uapi.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	for range 10 {
		info, err := c.Info()
		if err != nil {
			return err
		}
		if info.Health != "ok" && info.Health != "starting" && info.Health != "unloading" {
			return errors.New("health is " + info.Health)
		}
	}
	return nil
}

// AskPolicy dumps the attribute policies of the family, which lie in the module's memory.
func AskPolicy() error {
	conn, err := genetlink.Dial(nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	e := netlink.NewAttributeEncoder()
	e.String(unix.CTRL_ATTR_FAMILY_NAME, uapi.FamilyName)
	attrs, err := e.Encode()
	if err != nil {
		return err
	}
	const getPolicy = 10 // CTRL_CMD_GETPOLICY
	_, err = conn.Execute(genetlink.Message{
		Header: genetlink.Header{Command: getPolicy, Version: 1},
		Data:   attrs,
	}, unix.GENL_ID_CTRL, netlink.Request|netlink.Dump)
	return err
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.1: generic netlink itself refuses a request whose genlmsghdr.reserved is
 * not zero or whose flags it does not know; old families opt out up to their
 * resv_start_op, the field that tells such a kernel.
 */
#include <net/genetlink.h>

int probe(struct genl_family *f);
int probe(struct genl_family *f)
{
	return f->resv_start_op;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Generic netlink of older kernels, made as strict as that of newer ones. */
#ifndef TIDELOCK_COMPAT_GENETLINK_H
#define TIDELOCK_COMPAT_GENETLINK_H

#include <net/genetlink.h>

/**
 * tl_genl_check_header() - refuse junk in the headers of a request
 * @info: the request
 *
 * Kernels with HAVE_GENL_HEADER_CHECK have done this before they call a family.
 *
 * Return: 0 or -EINVAL with a message for the caller.
 */
static inline int tl_genl_check_header(const struct genl_info *info)
{
#ifndef HAVE_GENL_HEADER_CHECK
	if (info->genlhdr->reserved) {
		NL_SET_ERR_MSG(info->extack, "genlmsghdr.reserved field is not 0");
		return -EINVAL;
	}
	if (info->nlhdr->nlmsg_flags & ~(NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO)) {
		NL_SET_ERR_MSG(info->extack, "ambiguous or reserved bits set in nlmsg_flags");
		return -EINVAL;
	}
#endif
	return 0;
}

#endif

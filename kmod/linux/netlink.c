// SPDX-License-Identifier: GPL-2.0-only
/* The generic netlink family that uapi/tidelock.yaml specifies. */
#include <linux/module.h>
#include <net/genetlink.h>
#include <generated/utsrelease.h>

#include "../compat/genetlink.h"
#include "../core/version.h"
#include "../uapi/tidelock.h"
#include "driver.h"

static const char reply_only[] = "this attribute belongs to replies";

#define REPLY_ONLY { .type = NLA_REJECT, .reject_message = reply_only }

static const struct nla_policy info_policy[TIDELOCK_A_INFO_MAX + 1] = {
	[TIDELOCK_A_INFO_ABI] = NLA_POLICY_MIN(NLA_U32, 1),
	[TIDELOCK_A_INFO_VERSION] = REPLY_ONLY,
	[TIDELOCK_A_INFO_KERNEL_RELEASE] = REPLY_ONLY,
	[TIDELOCK_A_INFO_CAPS] = REPLY_ONLY,
	[TIDELOCK_A_INFO_HEALTH] = REPLY_ONLY,
	[TIDELOCK_A_INFO_SELFTESTS] = REPLY_ONLY,
};

static struct genl_family family;

static u32 capabilities(void)
{
	u32 caps = 0;

	if (IS_ENABLED(CONFIG_TLS))
		caps |= TIDELOCK_CAP_KTLS;

	return caps;
}

static int info_fill(struct sk_buff *skb, const char *health)
{
	if (nla_put_u32(skb, TIDELOCK_A_INFO_ABI, TIDELOCK_ABI) ||
	    nla_put_string(skb, TIDELOCK_A_INFO_VERSION, TIDELOCK_VERSION) ||
	    nla_put_string(skb, TIDELOCK_A_INFO_KERNEL_RELEASE, UTS_RELEASE) ||
	    nla_put_u32(skb, TIDELOCK_A_INFO_CAPS, capabilities()) ||
	    nla_put_string(skb, TIDELOCK_A_INFO_HEALTH, health) ||
	    nla_put_u32(skb, TIDELOCK_A_INFO_SELFTESTS, tl_selftest_passed()))
		return -EMSGSIZE;

	return 0;
}

static size_t info_size(const char *health)
{
	return nla_total_size(sizeof(u32)) + nla_total_size(sizeof(TIDELOCK_VERSION)) +
	       nla_total_size(sizeof(UTS_RELEASE)) + nla_total_size(sizeof(u32)) +
	       nla_total_size(strlen(health) + 1) + nla_total_size(sizeof(u32));
}

static int get_info(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *abi = info->attrs[TIDELOCK_A_INFO_ABI];
	const char *health = tl_health();
	struct sk_buff *skb;
	void *hdr;
	int err;

	err = tl_genl_check_header(info);
	if (err)
		return err;

	if (abi && nla_get_u32(abi) > TIDELOCK_ABI) {
		NL_SET_ERR_MSG_ATTR(info->extack, abi,
				    "the caller needs a newer ABI than this module has");
		return -EPROTONOSUPPORT;
	}

	skb = genlmsg_new(info_size(health), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;

	hdr = genlmsg_put_reply(skb, info, &family, 0, TIDELOCK_CMD_GET_INFO);
	err = hdr ? info_fill(skb, health) : -EMSGSIZE;
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);

	return genlmsg_reply(skb, info);
}

static const struct genl_ops ops[] = {
	{
		/* For everybody: it tells no more than modinfo and /sys/module. */
		.cmd = TIDELOCK_CMD_GET_INFO,
		.doit = get_info,
		.policy = info_policy,
		.maxattr = ARRAY_SIZE(info_policy) - 1,
	},
};

static struct genl_family family __ro_after_init = {
	.name = TIDELOCK_FAMILY_NAME,
	.version = TIDELOCK_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
};

int __init tl_netlink_init(void)
{
	return genl_register_family(&family);
}

/* Waits for requests: none is in get_info() afterwards. */
void tl_netlink_exit(void)
{
	genl_unregister_family(&family);
}

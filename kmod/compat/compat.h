/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, and nothing else. The compiler includes this
 * file ahead of every source of the module, so the sources are written as if
 * the newest kernel were the only one.
 *
 * kapi.h is made by the build from probes/: one HAVE_ macro for each probe
 * that compiles against the kernel at hand. No kernel header with more than
 * macros is included here: every source of every kernel would pay for it.
 */
#ifndef TIDELOCK_COMPAT_H
#define TIDELOCK_COMPAT_H

#include <linux/version.h>

#include "kapi.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "tidelock supports Linux 5.10 and newer, and this kernel is older"
#endif

#ifndef HAVE_0_SANITY
#error "kapi.h lacks HAVE_0_SANITY: compiler or flags are broken, so no probe can be trusted"
#endif

/* Attributes of modules became read-only data (probes/module_attribute_const.c). */
#ifdef HAVE_MODULE_ATTRIBUTE_CONST
#define tl_module_attribute const struct module_attribute
#else
#define tl_module_attribute struct module_attribute
#endif

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* Never compiled: the tests here look at actions, they do not run them. */

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TIDELOCK_TESTS_REPORT_H
#define TIDELOCK_TESTS_REPORT_H

int report(void);

#endif

// SPDX-License-Identifier: Apache-2.0
#include <math.h>

int plugin_answer(void);

int plugin_answer(void)
{
	volatile double six = 36;

	return (int)sqrt(six) * 7;
}

// SPDX-License-Identifier: Apache-2.0
#include "toolchains/cc/tests/report.h"

int main(void)
{
	return report();
}

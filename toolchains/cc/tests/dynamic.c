// SPDX-License-Identifier: Apache-2.0
/* A dynamic program that loads a shared library at run time. */
#include "toolchains/cc/tests/report.h"

#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *plugin = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
	int (*answer)(void);

	if (!plugin) {
		printf("%s\n", argc == 2 ? dlerror() : "usage: dynamic PLUGIN");
		return 2;
	}
	*(void **)&answer = dlsym(plugin, "plugin_answer");
	printf("answer: %d\n", answer ? answer() : -1);
	return report();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loads a library with every symbol bound at once, and finds functions in it: load LIBRARY NAME... */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

	if (!library)
		return fprintf(stderr, "%s\n", argc > 1 ? dlerror() : "which library?"), 1;
	for (int i = 2; i < argc; i++) {
		if (!dlsym(library, argv[i]))
			return fprintf(stderr, "%s\n", dlerror()), 1;
	}
	return dlclose(library);
}

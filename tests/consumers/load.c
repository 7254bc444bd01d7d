/* Loads a library with all symbols bound at once, and looks up functions: load LIBRARY NAME...
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
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

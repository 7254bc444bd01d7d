/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two threads change one pool, which only one may use at a time: the race is in the library. */
/* thread: zs_pool_limit */
#include <zsplice.h>
#include <pthread.h>

static void *limit(void *pool)
{
	for (int i = 0; i < 1000; i++)
		zs_pool_limit(pool, (size_t)i);
	return NULL;
}

int main(void)
{
	zs_pool *pool = zs_pool_new(4, 0);
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, limit, pool) != 0)
			return 0;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	zs_pool_free(pool);
	return 0;
}

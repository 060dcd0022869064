/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#define CONTESTANT contestant_mutex
#define NAME	   "mutex"
#define ABOUT	   "pthread_mutex around {errno, generation, reported}"
#define GIVES	   (EACH_ONCE | LATEST | AGAIN | UNREPORTED | SKIPS_REPORTED)

typedef pthread_mutex_t lock_t;
#define lock_init(lock) pthread_mutex_init(lock, NULL)
#define lock_end(lock)	pthread_mutex_destroy(lock)
#define lock(of)	pthread_mutex_lock(of)
#define unlock(of)	pthread_mutex_unlock(of)

#include "guarded.h"

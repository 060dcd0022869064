/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#define CONTESTANT contestant_mutex
#define NAME	   "mutex"
#define ABOUT	   "pthread_mutex around {errno, generation, reported}"
#define GIVES	   (EACH_ONCE | LATEST | AGAIN | UNREPORTED | SKIPS_REPORTED)

typedef pthread_mutex_t lock_t;
#define lock_init(lock)	    pthread_mutex_init(lock, NULL)
#define lock_end(lock)	    pthread_mutex_destroy(lock)
#define lock_to_read(lock)  pthread_mutex_lock(lock)
#define end_read(lock)	    pthread_mutex_unlock(lock)
#define lock_to_write(lock) pthread_mutex_lock(lock)
#define end_write(lock)	    pthread_mutex_unlock(lock)

#include "guarded.h"

/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#define CONTESTANT contestant_rwlock
#define NAME	   "rwlock"
#define ABOUT	   "pthread_rwlock around {errno, generation, reported}"
#define GIVES	   (EACH_ONCE | LATEST | AGAIN | UNREPORTED | SKIPS_REPORTED)

typedef pthread_rwlock_t lock_t;
#define lock_init(lock)	    pthread_rwlock_init(lock, NULL)
#define lock_end(lock)	    pthread_rwlock_destroy(lock)
#define lock_to_read(lock)  pthread_rwlock_rdlock(lock)
#define end_read(lock)	    pthread_rwlock_unlock(lock)
#define lock_to_write(lock) pthread_rwlock_wrlock(lock)
#define end_write(lock)	    pthread_rwlock_unlock(lock)
#define READERS_SHARE

#include "guarded.h"

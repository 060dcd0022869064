/* SPDX-License-Identifier: MIT */
/*
 * An nbdkit plugin that serves a file or a block device through a write-back cache. A write is answered from
 * memory. If its data cannot be stored later, the next FLUSH of each connection fails, once. The cache holds
 * dirty data only. The flusher writes all of it from time to time, a request what is in its way.
 */
#include <errno.h>
#include <errseq/errseq.h>
#include <fcntl.h>
#include <pthread.h> /* and time.h */
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/queue.h>
#include <unistd.h>
#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>
#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL
#define BLOCK	     4096u

struct block {
	LIST_ENTRY(block) entry;
	uint64_t index;	   /* its place in the export, in blocks */
	uint64_t number;   /* the value of dirtied when it became dirty */
	unsigned from, to; /* the dirty bytes: one range, so no write has to read first */
	bool writing;
	char data[BLOCK];
};

static const char *file;
static int64_t cache_size = 64 << 20, export_size;
static unsigned age = 5; /* seconds that data may stay in memory */
static int fd;
static errseq_t errors = ERRSEQ_INIT; /* the export's word: outlives every connection */
static pthread_t flusher;
static sem_t stop; /* the flusher */
static pthread_mutex_t sync_lock = PTHREAD_MUTEX_INITIALIZER;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;  /* for the blocks, and what follows */
static pthread_cond_t cleaned = PTHREAD_COND_INITIALIZER; /* a block has left the cache */
static LIST_HEAD(bucket, block) * buckets;		  /* the dirty blocks, by index % limit */
static uint64_t limit, dirty, dirtied; /* blocks that may be dirty, that are, and that became so */

/* 0 or a negated errno. */
static int move_all(char *data, size_t count, uint64_t offset, bool out)
{
	for (ssize_t n; count > 0; data += n, count -= (size_t)n, offset += (uint64_t)n) {
		n = out ? pwrite(fd, data, count, (off_t)offset)
			: pread(fd, data, count, (off_t)offset);
		if (n <= 0) /* 0: somebody has cut the file */
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}

static struct block *find(uint64_t index)
{
	struct block *block;

	LIST_FOREACH (block, &buckets[index % limit], entry)
		if (block->index == index)
			break;
	return block;
}

/* Writes a block, or waits while another thread writes it. The lock is released meanwhile. */
static void clean(struct block *block)
{
	uint64_t offset = block->index * BLOCK + block->from;
	int err;

	if (block->writing) {
		pthread_cond_wait(&cleaned, &lock);
		return;
	}
	block->writing = true;
	pthread_mutex_unlock(&lock);
	err = move_all(block->data + block->from, block->to - block->from, offset, true);
	if (err)
		nbdkit_error("the write at byte %ju is lost: %s", (uintmax_t)offset,
			     strerror(-err));
	pthread_mutex_lock(&lock);
	/* docs: write-back */
	/* Written or lost, the block leaves the cache: reads show what the disk has. Then record. Both happen
	 * under one lock, so whoever does not find the block finds the error. */
	LIST_REMOVE(block, entry);
	if (err)
		errseq_set(&errors, err);
	/* docs: end */
	free(block);
	dirty--;
	pthread_cond_broadcast(&cleaned);
}

/* Writes what is dirty in a range, and not what becomes dirty meanwhile: that might never end. */
static void write_back(uint64_t count, uint64_t offset)
{
	uint64_t first = offset / BLOCK, end = (offset + count + BLOCK - 1) / BLOCK, i, last;
	struct block *block;

	pthread_mutex_lock(&lock);
	last = dirtied;
	for (i = first; dirty > 0 && i < end && i < first + limit;) { /* or all buckets were seen */
		LIST_FOREACH (block, &buckets[i % limit], entry)
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): clean takes it off the list first */
			if (block->index >= first && block->index < end && block->number <= last)
				break;
		if (block)
			clean(block); /* and look again: the lock was released */
		else
			i++;
	}
	pthread_mutex_unlock(&lock);
}

/* A block that no thread writes, with from ... to - 1 among its dirty bytes; or NULL, out of memory. */
static struct block *make_dirty(uint64_t index, unsigned from, unsigned to)
{
	static uint64_t hand; /* goes round the buckets, in search of a block to write */
	struct block *block;

	while ((block = find(index)) || dirty == limit) {
		if (block && !block->writing && from <= block->to && block->from <= to) {
			block->from = MIN(from, block->from);
			block->to = MAX(to, block->to);
			return block;
		}
		/* A thread writes it, or its dirty bytes would get a gap, or there is no room. */
		while (!block)
			block = LIST_FIRST(&buckets[hand++ % limit]);
		clean(block);
	}
	block = malloc(sizeof(*block));
	if (!block)
		return NULL;
	block->index = index;
	block->number = ++dirtied;
	block->from = from;
	block->to = to;
	block->writing = false;
	LIST_INSERT_HEAD(&buckets[index % limit], block, entry);
	dirty++;
	return block;
}

static int cache_write(const char *data, uint32_t count, uint64_t offset)
{
	pthread_mutex_lock(&lock);
	for (unsigned at, n; count > 0; data += n, count -= n, offset += n) {
		struct block *block;

		at = (unsigned)(offset % BLOCK);
		n = MIN(count, BLOCK - at);
		block = make_dirty(offset / BLOCK, at, at + n);
		if (!block)
			break;
		memcpy(block->data + at, data, n);
	}
	pthread_mutex_unlock(&lock);
	return count > 0 ? -ENOMEM : 0;
}

static void sync_file(void)
{
	/* docs: sync */
	/* The kernel reports an error once to our one descriptor. Under the lock, whoever syncs next and gets
	 * 0 from the kernel finds that error in the word. */
	pthread_mutex_lock(&sync_lock);
	if (fdatasync(fd) != 0)
		errseq_set(&errors, -errno);
	pthread_mutex_unlock(&sync_lock);
	/* docs: end */
}

static void *flush_in_background(void *unneeded)
{
	struct timespec wake;

	do {
		write_back((uint64_t)export_size, 0);
		clock_gettime(CLOCK_MONOTONIC, &wake);
		wake.tv_sec += age;
	} while (sem_clockwait(&stop, CLOCK_MONOTONIC, &wake) != 0);
	return unneeded;
}

/* NBD has few errnos. nbdkit sends any other as EINVAL, which would blame the client's request. */
static int answer(const char *request, int err)
{
	if (err == 0)
		return 0;
	if (err != -EOPNOTSUPP) /* nbdkit writes zeroes instead */
		nbdkit_error("%s: %s", request, strerror(-err));
	nbdkit_set_error(err == -ENOSPC || err == -ENOMEM || err == -EOPNOTSUPP ? -err : EIO);
	return -1;
}

static void *nbd_open(int readonly)
{
	errseq_shared_cursor_t *cursor = malloc(sizeof(*cursor));

	(void)readonly; /* a reader may FLUSH, and learn that data is lost */
	/* docs: open */
	if (cursor) /* A reported error is past. This connection still gets an unreported one. */
		errseq_shared_cursor_init(cursor, errseq_sample(&errors));
	/* docs: end */
	return cursor;
}

static void nbd_close(void *cursor)
{
	/* docs: close */
	/* A close has no reply. So look, and leave an unreported error to the next connection. */
	int err = errseq_check_shared(&errors, cursor);

	if (err)
		nbdkit_error("a connection ended without a FLUSH after: %s", strerror(-err));
	/* docs: end */
	free(cursor);
}

/* First dirty bytes, then the disk: the other order would miss a block that is written in between. */
static int nbd_read(void *cursor, void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
	int err = 0;

	(void)cursor, (void)flags;
	for (unsigned at, n; count > 0 && !err; buf = (char *)buf + n, count -= n, offset += n) {
		struct block *block;
		bool is_dirty;

		at = (unsigned)(offset % BLOCK);
		n = MIN(count, BLOCK - at);
		pthread_mutex_lock(&lock);
		block = find(offset / BLOCK);
		is_dirty = block && block->from <= at && at < block->to;
		if (block && at < block->from)
			n = MIN(n, block->from - at);
		if (is_dirty) {
			n = MIN(n, block->to - at);
			memcpy(buf, block->data + at, n);
		}
		pthread_mutex_unlock(&lock);
		if (!is_dirty)
			err = move_all(buf, n, offset, false);
	}
	return answer("read", err);
}

static int nbd_flush(void *cursor, uint32_t flags)
{
	(void)flags;
	/* docs: flush */
	write_back((uint64_t)export_size, 0);
	sync_file(); /* once these two return, each failure is in the word */
	return answer("flush", errseq_check_and_advance_shared(&errors, cursor));
	/* docs: end */
}

/* docs: write */
static int nbd_write(void *cursor, const void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
	errseq_cursor_t before = flags & NBDKIT_FLAG_FUA ? errseq_peek(&errors) : 0;
	int err = cache_write(buf, count, offset);

	(void)cursor; /* it belongs to FLUSH */
	if (!err && flags & NBDKIT_FLAG_FUA) {
		write_back(count, offset);
		sync_file();
		err = errseq_check(&errors, before);
	}
	return answer("write", err);
}
/* docs: end */

static int make_hole(int mode, uint32_t count, uint64_t offset, uint32_t flags)
{
	errseq_cursor_t before;

	/* docs: zero */
	write_back(count, offset); /* or older data would be written over the zeroes */
	before = errseq_peek(&errors);
	if (fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset, count) != 0)
		return errno == EINVAL ? -EOPNOTSUPP : -errno; /* EINVAL: a device, not aligned */
	/* docs: end */
	if (!(flags & NBDKIT_FLAG_FUA))
		return 0;
	sync_file();
	return errseq_check(&errors, before);
}

static int nbd_zero(void *cursor, uint32_t count, uint64_t offset, uint32_t flags)
{
	int mode = flags & NBDKIT_FLAG_MAY_TRIM ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE;

	return (void)cursor, answer("zero", make_hole(mode, count, offset, flags));
}

static int nbd_trim(void *cursor, uint32_t count, uint64_t offset, uint32_t flags)
{
	int err = make_hole(FALLOC_FL_PUNCH_HOLE, count, offset, flags);

	return (void)cursor, answer("trim", err == -EOPNOTSUPP ? 0 : err); /* it may do nothing */
}

static int64_t nbd_get_size(void *cursor)
{
	return (void)cursor, export_size;
}

static int nbd_can_fua(void *cursor)
{
	return (void)cursor, NBDKIT_FUA_NATIVE;
}

static int nbd_can_multi_conn(void *cursor)
{
	return (void)cursor, 1; /* all connections share the cache, and a FLUSH writes all of it */
}

static int nbd_config(const char *key, const char *value)
{
	if (strcmp(key, "file") == 0) {
		file = value;
		return 0;
	}
	if (strcmp(key, "cache-size") == 0)
		return (cache_size = nbdkit_parse_size(value)) < 0 ? -1 : 0;
	if (strcmp(key, "age") == 0)
		return nbdkit_parse_unsigned(key, value, &age);
	nbdkit_error("unknown parameter %s: there are file, cache-size and age", key);
	return -1;
}

/* Before nbdkit changes its directory and its user. */
static int nbd_get_ready(void)
{
	limit = (uint64_t)cache_size / BLOCK;
	if (!file || limit < 1 || age < 1 || age > 3600) {
		nbdkit_error("file=PATH is needed; cache-size: at least %u; age: 1 to 3600", BLOCK);
		return -1;
	}
	fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd < 0 || (export_size = lseek(fd, 0, SEEK_END)) < 0 || sem_init(&stop, 0, 0) != 0 ||
	    !(buckets = calloc(limit, sizeof(*buckets)))) { /* all zeroes: empty lists */
		nbdkit_error("%s with cache-size=%lld: %m", file, (long long)cache_size);
		return -1;
	}
	return 0;
}

/* No thread survives the fork into the background, so the flusher starts after it. */
static int nbd_after_fork(void)
{
	errno = pthread_create(&flusher, NULL, flush_in_background, NULL);
	if (errno)
		nbdkit_error("the flusher cannot start: %m");
	return errno ? -1 : 0;
}

static void nbd_cleanup(void)
{
	int err;

	sem_post(&stop);
	pthread_join(flusher, NULL);
	write_back((uint64_t)export_size, 0);
	sync_file();
	/* Sample skips what was reported. What it leaves was reported to nobody. */
	err = errseq_check(&errors, errseq_sample(&errors));
	if (err)
		nbdkit_error("data is lost, and no client was told: %s", strerror(-err));
}

static struct nbdkit_plugin plugin = {
	.name = "errseq-writeback",
	.config = nbd_config,
	.config_help =
		"file=PATH (required)  cache-size=SIZE (default 64M)  age=SECONDS (default 5)",
	.magic_config_key = "file",
	.get_ready = nbd_get_ready,
	.after_fork = nbd_after_fork,
	.cleanup = nbd_cleanup,
	.open = nbd_open,
	.close = nbd_close,
	.get_size = nbd_get_size,
	.can_fua = nbd_can_fua,
	.can_multi_conn = nbd_can_multi_conn,
	.pread = nbd_read,
	.pwrite = nbd_write,
	.flush = nbd_flush,
	.zero = nbd_zero,
	.trim = nbd_trim,
};

struct nbdkit_plugin *plugin_init(void); /* nbdkit calls it */
NBDKIT_REGISTER_PLUGIN(plugin)

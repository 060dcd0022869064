/* SPDX-License-Identifier: MIT */
/* From a mutex and an int, from a flag that is tested and cleared, and from a sticky error. */
#include "recipe.h"

/* docs: mutex-and-int */
struct before_mutex {
	pthread_mutex_t lock;
	int error; /* the next fsync of any handle returns and clears it */
};

static void before_mutex_fail(struct before_mutex *file, int err)
{
	pthread_mutex_lock(&file->lock);
	file->error = err;
	pthread_mutex_unlock(&file->lock);
}

static int before_mutex_fsync(struct before_mutex *file)
{
	int err;

	pthread_mutex_lock(&file->lock);
	err = file->error;
	file->error = 0;
	pthread_mutex_unlock(&file->lock);
	return err;
}
/* docs: end */

/* docs: flag */
struct before_flag {
	atomic_flag no_error; /* like AS_EIO: fsync tests and clears */
};

static int before_flag_fsync(struct before_flag *file)
{
	return atomic_flag_test_and_set(&file->no_error) ? 0 : -EIO;
}
/* docs: end */

/* docs: sticky */
struct before_sticky {
	atomic_int error; /* the first error; every call returns it for ever */
};

static void before_sticky_fail(struct before_sticky *file, int err)
{
	int none = 0;

	atomic_compare_exchange_strong(&file->error, &none, err);
}
/* docs: end */

/* docs: after */
struct file {
	errseq_t errors; /* in place of any of the three */
};

struct handle {
	struct file *file;
	errseq_shared_cursor_t since; /* new: one for each open handle */
};

static void handle_open(struct handle *handle, struct file *file)
{
	handle->file = file;
	errseq_shared_cursor_init(&handle->since, errseq_sample(&file->errors));
}

static int handle_fsync(struct handle *handle)
{
	return errseq_check_and_advance_shared(&handle->file->errors, &handle->since);
}
/* docs: end */

int main(void)
{
	struct before_mutex mutex = { PTHREAD_MUTEX_INITIALIZER, 0 };
	struct before_flag flag = { ATOMIC_FLAG_INIT };
	struct before_sticky sticky = { 0 };
	struct file file = { ERRSEQ_INIT };
	struct handle alice, bob, carol, dave;

	puts("before: a mutex and an int");
	before_mutex_fail(&mutex, -EIO);
	before_mutex_fail(&mutex, -ENOSPC);
	expect("  alice's fsync returns", before_mutex_fsync(&mutex), -ENOSPC);
	expect("  bob's fsync returns", before_mutex_fsync(&mutex), 0);

	puts("before: a flag");
	atomic_flag_clear(&flag.no_error); /* ENOSPC, and it cannot say so */
	expect("  alice's fsync returns", before_flag_fsync(&flag), -EIO);
	expect("  bob's fsync returns", before_flag_fsync(&flag), 0);

	puts("before: a sticky error");
	before_sticky_fail(&sticky, -EIO);
	before_sticky_fail(&sticky, -ENOSPC);
	expect("  alice's fsync returns", atomic_load(&sticky.error), -EIO);
	expect("  and again, though nothing failed since", atomic_load(&sticky.error), -EIO);

	puts("after");
	handle_open(&alice, &file);
	handle_open(&bob, &file);
	errseq_set(&file.errors, -EIO);
	errseq_set(&file.errors, -ENOSPC);
	handle_open(&carol, &file);
	expect("  alice's fsync returns", handle_fsync(&alice), -ENOSPC);
	expect("  once", handle_fsync(&alice), 0);
	handle_open(&dave, &file);
	expect("  bob's fsync returns", handle_fsync(&bob), -ENOSPC);
	expect("  carol opened before it was reported; her fsync returns", handle_fsync(&carol),
	       -ENOSPC);
	expect("  dave opened after that; his fsync returns", handle_fsync(&dave), 0);
	return verdict();
}

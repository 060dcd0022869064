/* SPDX-License-Identifier: MIT */
/* A request learns of its own error (a FUA write, an O_SYNC write) and takes nobody else's. */
#include "recipe.h"

struct file {
	errseq_t errors;
	bool full;
};

struct handle {
	errseq_shared_cursor_t since; /* fsync's */
};

/* The write-back of all dirty data; whatever fails is recorded. */
static void write_back(struct file *file)
{
	if (file->full)
		errseq_set(&file->errors, -ENOSPC);
}

/* docs: window */
static int write_through(struct file *file)
{
	errseq_cursor_t before = errseq_peek(&file->errors);

	write_back(file);
	/* What failed since; the handle's cursor stays. */
	return errseq_check(&file->errors, before);
}
/* docs: end */

static int naive_write_through(struct file *file, struct handle *handle)
{
	write_back(file);
	return errseq_check_and_advance_shared(&file->errors, &handle->since);
}

static int handle_fsync(struct file *file, struct handle *handle)
{
	return errseq_check_and_advance_shared(&file->errors, &handle->since);
}

int main(void)
{
	struct file file = { .full = true };
	struct handle handle = { ERRSEQ_SHARED_CURSOR_INIT };

	puts("recipe");
	write_back(&file); /* somebody else's data is lost */
	file.full = false;
	expect("  a good write-through after somebody else's failure returns", write_through(&file),
	       0);
	expect("  fsync still returns", handle_fsync(&file, &handle), -ENOSPC);
	file.full = true;
	expect("  a write-through that fails returns", write_through(&file), -ENOSPC);
	expect("  so does a second one", write_through(&file), -ENOSPC);
	expect("  a newcomer still gets", errseq_check(&file.errors, errseq_sample(&file.errors)),
	       -ENOSPC);
	expect("  fsync returns it as well", handle_fsync(&file, &handle), -ENOSPC);
	expect("  once", handle_fsync(&file, &handle), 0);

	puts("naive: it advances the handle's cursor");
	write_back(&file);
	file.full = false;
	expect("  a good write-through after somebody else's failure returns",
	       naive_write_through(&file, &handle), -ENOSPC);
	expect("  the error is lost to fsync", handle_fsync(&file, &handle), 0);
	return verdict();
}

/* SPDX-License-Identifier: MIT */
/* Errors of each file (fsync) and of the filesystem (syncfs): two words, two cursors a handle. */
#include "recipe.h"

struct filesystem {
	errseq_t errors;
};

struct file {
	errseq_t errors;
	struct filesystem *filesystem;
};

struct handle {
	struct file *file;
	errseq_shared_cursor_t on_file, on_filesystem;
};

/* docs: two-words */
static void fail(struct file *file, int err)
{
	errseq_set(&file->errors, err);
	errseq_set(&file->filesystem->errors, err);
}

static void handle_open(struct handle *handle, struct file *file)
{
	handle->file = file;
	errseq_shared_cursor_init(&handle->on_file, errseq_sample(&file->errors));
	errseq_shared_cursor_init(&handle->on_filesystem, errseq_sample(&file->filesystem->errors));
}

static int handle_fsync(struct handle *handle)
{
	return errseq_check_and_advance_shared(&handle->file->errors, &handle->on_file);
}

static int handle_syncfs(struct handle *handle)
{
	return errseq_check_and_advance_shared(&handle->file->filesystem->errors,
					       &handle->on_filesystem);
}
/* docs: end */

int main(void)
{
	struct filesystem filesystem = { ERRSEQ_INIT };
	struct file good = { ERRSEQ_INIT, &filesystem }, bad = { ERRSEQ_INIT, &filesystem };
	struct handle on_good, on_bad, late;

	puts("recipe");
	handle_open(&on_good, &good);
	handle_open(&on_bad, &bad);
	fail(&bad, -EIO);
	expect("  fsync of the good file returns", handle_fsync(&on_good), 0);
	expect("  fsync of the bad file returns", handle_fsync(&on_bad), -EIO);
	handle_open(&late, &bad);
	expect("  fsync of a handle opened after that returns", handle_fsync(&late), 0);
	expect("  its syncfs returns what no syncfs has returned yet", handle_syncfs(&late), -EIO);
	expect("  syncfs through the good file returns", handle_syncfs(&on_good), -EIO);
	expect("  once", handle_syncfs(&on_good), 0);
	expect("  syncfs through the bad file returns", handle_syncfs(&on_bad), -EIO);

	puts("naive: one word for all files");
	errseq_init(&filesystem.errors);
	handle_open(&on_good, &good);
	errseq_set(&filesystem.errors, -EIO);
	expect("  fsync of the good file returns the bad file's error", handle_syncfs(&on_good),
	       -EIO);
	return verdict();
}

/* SPDX-License-Identifier: MIT */
/* Errors that are no errnos: a table of up to 4095 codes, or an errno and a message. */
#include "recipe.h"

#include <string.h>

/* docs: table */
enum {
	NO_ERROR,
	DISK_REMOVED,
	CHECKSUM_WRONG,
	QUOTA_USED_UP,
	CODES
}; /* your own, 1 ... 4095 */
static const char *const names[CODES] = { "no error", "disk removed", "checksum wrong",
					  "quota used up" };

static const char *name_of(int err) /* what a check has returned */
{
	return -err < CODES ? names[-err] : "unknown";
}
/* docs: end */

/* docs: message */
struct file {
	errseq_t errors;
	pthread_mutex_t lock;
	char message[80]; /* guarded by the lock; about the latest error, or a newer one */
};

static void fail(struct file *file, int err, const char *message)
{
	pthread_mutex_lock(&file->lock);
	snprintf(file->message, sizeof file->message, "%s", message);
	pthread_mutex_unlock(&file->lock);
	errseq_set(&file->errors, err); /* after the message: whoever gets the error sees it (G6) */
}

static int look(struct file *file, errseq_cursor_t *since, char message[80])
{
	int err = errseq_check_and_advance(&file->errors, since); /* before the message */

	if (err) {
		pthread_mutex_lock(&file->lock);
		memcpy(message, file->message, sizeof file->message);
		pthread_mutex_unlock(&file->lock);
	}
	return err;
}
/* docs: end */

int main(void)
{
	struct file file = { ERRSEQ_INIT, PTHREAD_MUTEX_INITIALIZER, "" };
	errseq_cursor_t since = errseq_sample(&file.errors);
	errseq_t word = ERRSEQ_INIT;
	char message[80] = "";
	int too_large = (int)since + 70000; /* a constant would not compile */

	puts("recipe: a table");
	errseq_set(&word, -CHECKSUM_WRONG);
	puts(name_of(errseq_check(&word, 0)));
	expect("  the code comes back as", errseq_check(&word, 0), -CHECKSUM_WRONG);
	expect("  and has its name", strcmp(name_of(errseq_check(&word, 0)), "checksum wrong"), 0);
	expect("  a code without a name is unknown", strcmp(name_of(-CODES), "unknown"), 0);

	puts("recipe: a message");
	fail(&file, -EIO, "sector 17 cannot be read");
	expect("  look returns", look(&file, &since, message), -EIO);
	puts(message);
	expect("  with the message", strcmp(message, "sector 17 cannot be read"), 0);
	message[0] = '\0';
	expect("  once", look(&file, &since, message), 0);
	expect("  and without the message then", message[0], '\0');
	fail(&file, -EIO, "sector 18 cannot be read");
	expect("  look returns", look(&file, &since, message), -EIO);
	expect("  with the newer message", strcmp(message, "sector 18 cannot be read"), 0);

	puts("naive: the code does not fit");
	expect("  errseq_set refuses -70000 and records nothing", errseq_set(&word, -too_large),
	       -EINVAL);
	puts("naive: the message after errseq_set; an observer looks in between");
	errseq_set(&file.errors, -EIO);
	expect("  look returns", look(&file, &since, message), -EIO);
	expect("  with the message of another error", strcmp(message, "sector 18 cannot be read"),
	       0);
	return verdict();
}

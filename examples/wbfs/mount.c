/* SPDX-License-Identifier: MIT */
/*
 * A mount from its beginning to its end.
 */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fs_init(void *userdata, struct fuse_conn_info *conn)
{
	const struct mount *mount = userdata;

	/* the kernel has to take set-id bits away at a write: we write later */
	conn->want &= ~(unsigned)FUSE_CAP_HANDLE_KILLPRIV;
	/* its page cache is good for as long as mtime and size stay the same; other mounts change them, too */
	conn->want |= conn->capable & (unsigned)FUSE_CAP_AUTO_INVAL_DATA;
	/* the kernel's own write-back cache would remember errors by itself, and report them twice */
	conn->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
	if (mount->ready)
		mount->ready();
}

/*
 * FSYNC, FSYNCDIR and FLUSH are all there. If one were missing, or answered ENOSYS, the kernel would never ask again
 * and return 0 to everybody for as long as the mount lives.
 */
static const struct fuse_lowlevel_ops operations = {
	.init = fs_init,
	.lookup = fs_lookup,
	.forget = fs_forget,
	.getattr = fs_getattr,
	.setattr = fs_setattr,
	.readlink = fs_readlink,
	.mknod = fs_mknod,
	.mkdir = fs_mkdir,
	.unlink = fs_unlink,
	.rmdir = fs_rmdir,
	.symlink = fs_symlink,
	.rename = fs_rename,
	.link = fs_link,
	.open = fs_open,
	.create = fs_create,
	.read = fs_read,
	.write = fs_write,
	.flush = fs_flush,
	.fsync = fs_fsync,
	.release = fs_release,
	.opendir = fs_opendir,
	.readdir = fs_readdir,
	.readdirplus = fs_readdirplus,
	.releasedir = fs_release,
	.fsyncdir = fs_fsyncdir,
	.statfs = fs_statfs,
#ifdef WBFS_HAS_SYNCFS
	.syncfs = fs_syncfs,
#endif
};

/* libfuse says what is wrong in its log, in pieces, and often nowhere else. */
static _Thread_local char last_message[200];

__attribute__((format(printf, 2, 0))) static void keep_message(enum fuse_log_level level,
							       const char *format, va_list args)
{
	size_t length = strlen(last_message);

	(void)level;
	vsnprintf(last_message + length, sizeof(last_message) - length, format, args);
	last_message[strcspn(last_message, "\n")] = 0;
}

static struct fuse_session *new_session(struct mount *mount, const char *options,
					const char *source)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session = NULL;
	char *own = NULL;

	/* default_permissions: a process of our user may have given up capabilities that we have */
	if (fuse_opt_add_arg(&args, "wbfs") == 0 &&
	    fuse_opt_add_opt(&own, "default_permissions,subtype=wbfs") == 0 &&
	    fuse_opt_add_opt_escaped(&own, source) == 0 &&
	    (!options || fuse_opt_add_opt(&own, options) == 0) &&
	    fuse_opt_add_arg(&args, "-o") == 0 && fuse_opt_add_arg(&args, own) == 0)
		session = fuse_session_new(&args, &operations, sizeof(operations), mount);
	free(own);
	fuse_opt_free_args(&args);
	return session;
}

int mount_start(struct mount *mount, const char *options, const char *source, const char *at,
		char error[MOUNT_ERROR_SIZE])
{
	char path[PATH_MAX];
	int err = mount_point_open(mount, at);

	if (err) {
		snprintf(error, MOUNT_ERROR_SIZE, "'%.200s': %s", at, strerror(-err));
		return -1;
	}
	mount->at = at;
	pthread_mutex_init(&mount->lock, NULL);
	LIST_INIT(&mount->handles);
	errseq_shared_cursor_init(&mount->on_superblock, errseq_sample(&mount->cache->errors));
	fuse_set_log_func(keep_message);
	last_message[0] = 0;
	mount->session = new_session(mount, options, source);
	if (mount->session &&
	    fuse_session_mount(mount->session, mount_point_path(mount, path)) == 0) {
		mount_point_remember(mount);
		kernel_names_init(&mount->names, mount->session, mount->cache->inode_limit);
		return 0;
	}
	snprintf(error, MOUNT_ERROR_SIZE, "'%.200s' cannot be mounted: %s", at,
		 last_message[0] ? last_message : "libfuse does not say why");
	if (mount->session)
		fuse_session_destroy(mount->session);
	pthread_mutex_destroy(&mount->lock);
	close(mount->parent);
	return -1;
}

bool mount_is_over(const struct mount *mount)
{
	struct pollfd device = { .fd = fuse_session_fd(mount->session) };

	return poll(&device, 1, 0) == 1 && device.revents & POLLERR;
}

static void enter_phase(struct mount *mount, enum phase phase)
{
	pthread_mutex_lock(&mount->lock);
	mount->server = pthread_self();
	mount->phase = phase;
	pthread_mutex_unlock(&mount->lock);
}

int mount_serve(struct mount *mount)
{
	struct fuse_loop_config config = { .max_idle_threads = 10 };
	int err = kernel_names_start(&mount->names);

	if (!err) {
		enter_phase(mount, SERVING);
		err = fuse_session_loop_mt(mount->session, &config);
	}
	enter_phase(mount, ENDED);
	while (!kernel_names_stop(&mount->names))
		mount_point_abort(mount);
	return err < 0 ? err : 0; /* > 0: told to end */
}

/*
 * First the thread of names, while requests are still answered: it may wait in the kernel for the lock of a directory,
 * and the owner of that lock for us. Then the loop: a signal wakes its thread, and libfuse looks at the session's exit
 * flag. A signal that comes between that look and the sleep is lost. Therefore it is sent again.
 */
void mount_tell_to_end(struct mount *mount)
{
	const struct timespec moment = { .tv_nsec = 5000000 };
	bool ended = false;

	while (!kernel_names_stop(&mount->names))
		mount_point_abort(mount);
	while (!ended) {
		pthread_mutex_lock(&mount->lock);
		ended = mount->phase == ENDED;
		if (!ended)
			fuse_session_exit(mount->session);
		if (mount->phase == SERVING)
			pthread_kill(mount->server, SIGUSR1);
		pthread_mutex_unlock(&mount->lock);
		nanosleep(&moment, NULL);
	}
}

/*
 * When its last descriptor is closed, the kernel ends the connection, and whoever waits for an answer gets an error. A
 * broken pipe takes the descriptor's place: libfuse sees that the connection has ended, and does not unmount by path.
 */
static void close_connection(struct mount *mount)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	close(ends[0]);
	(void)dup3(ends[1], fuse_session_fd(mount->session), O_CLOEXEC);
	close(ends[1]);
}

/*
 * The kernel sends neither RELEASE nor FORGET for what is still open or known when a mount ends, nor for a reply that
 * came too late for it.
 */
unsigned mount_end(struct mount *mount)
{
	struct handle *handle;
	unsigned given_up = 0;

	/* first: this frees descriptors, and what follows needs some */
	while ((handle = LIST_FIRST(&mount->handles))) {
		handle_free(mount, handle);
		given_up++;
	}
	(void)cache_forget_mount(mount->cache, mount->index);
	mount_point_unmount(mount);
	close_connection(mount);
	fuse_session_unmount(mount->session);
	fuse_session_destroy(mount->session);
	return given_up;
}

void mount_free(struct mount *mount)
{
	kernel_names_free(&mount->names);
	pthread_mutex_destroy(&mount->lock);
	close(mount->parent);
}

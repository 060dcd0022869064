/* SPDX-License-Identifier: MIT */
/*
 * Ending our mount, and no other. While the daemon runs, directories may be renamed and others may mount over ours. So
 * the mount point is remembered as a name below an open directory, and the mount by its number; we unmount only if that
 * number is still there. We hold no descriptor of the mount itself: that would keep it busy.
 */
#include "fs.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The directory that contains the mount point, by a descriptor. */
int mount_point_open(struct mount *mount, const char *at)
{
	char *copy = strdup(at), *copy2 = strdup(at);
	int err = 0;

	mount->parent = -1;
	if (!copy || !copy2)
		err = -ENOMEM;
	if (!err) {
		snprintf(mount->name, sizeof(mount->name), "%s", basename(copy2));
		mount->parent = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (mount->parent < 0)
			err = -errno;
	}
	if (!err) { /* a dead mount: its attributes may still be cached, and libfuse would mount over it */
		int fd = openat(mount->parent, mount->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0) {
			close(fd);
		} else if (errno == ENOTCONN) {
			err = -ENOTCONN;
			close(mount->parent);
		}
	}
	free(copy);
	free(copy2);
	return err;
}

/*
 * root mounts below the descriptor. fusermount3, which mounts for others, looks at the path with its own eyes, and needs
 * the present one.
 */
const char *mount_point_path(const struct mount *mount, char path[PATH_MAX])
{
	char link[40], parent[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", mount->parent);
	if (geteuid() == 0) {
		snprintf(path, PATH_MAX, "%s/%s", link, mount->name);
		return path;
	}
	length = readlink(link, parent, sizeof(parent) - 1);
	parent[length > 0 ? length : 0] = 0;
	if (snprintf(path, PATH_MAX, "%s/%s", parent[1] ? parent : "", mount->name) >= PATH_MAX)
		path[0] = 0;
	return path;
}

/* The number of what is mounted there, and its connection's. It does not ask the mounted filesystem. */
static int get_mount_id(const struct mount *mount, uint64_t *id, unsigned *dev_minor)
{
	struct statx st;

	if (statx(mount->parent, mount->name,
		  AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID,
		  &st) != 0)
		return -errno;
	if (!(st.stx_mask & STATX_MNT_ID)) /* before Linux 5.8: at least it is our filesystem */
		st.stx_mnt_id = makedev(st.stx_dev_major, st.stx_dev_minor);
	*id = st.stx_mnt_id;
	*dev_minor = st.stx_dev_minor;
	return 0;
}

void mount_point_remember(struct mount *mount)
{
	if (get_mount_id(mount, &mount->mount_id, &mount->dev_minor) != 0)
		mount->mount_id = 0;
}

static bool is_ours(const struct mount *mount)
{
	uint64_t id = 0;
	unsigned dev_minor = 0;

	return mount->mount_id != 0 && get_mount_id(mount, &id, &dev_minor) == 0 &&
	       id == mount->mount_id && dev_minor == mount->dev_minor;
}

/* For an ordinary user this is the only way, where /sys/fs/fuse/connections is there. */
static void abort_connection(const struct mount *mount)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", mount->dev_minor);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
}

static int run_fusermount(const struct mount *mount)
{
	char path[PATH_MAX], program[] = "fusermount3", unmount[] = "-u", quiet[] = "-q",
			     lazy[] = "-z", end[] = "--";
	char *arguments[] = { program, unmount, quiet, lazy, end, path, NULL };
	pid_t child;
	int status;

	(void)mount_point_path(mount, path);
	if (posix_spawnp(&child, program, NULL, NULL, arguments, environ) != 0)
		return -1;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status == 0 ? 0 : -1;
}

void mount_point_abort(const struct mount *mount)
{
	char path[PATH_MAX];

	abort_connection(mount);
	if (geteuid() == 0 && is_ours(mount))
		(void)umount2(mount_point_path(mount, path),
			      MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW);
}

void mount_point_unmount(const struct mount *mount)
{
	char path[PATH_MAX];

	if (!is_ours(mount)) {
		if (!mount_is_over(mount))
			log_line("'%s' is not our mount any more; nothing is unmounted there",
				 mount->at);
	} else if (geteuid() == 0 ? umount2(mount_point_path(mount, path),
					    MNT_DETACH | UMOUNT_NOFOLLOW) != 0
				  : run_fusermount(mount) != 0) {
		log_line("'%s' could not be unmounted, and is dead from now on; try fusermount3 -u",
			 mount->at);
	}
}

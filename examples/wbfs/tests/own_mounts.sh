# SPDX-License-Identifier: MIT
# For the scripts that change more than a folder: they run in a mount namespace of their own, with a /tmp, a /run and a
# /dev/fuse of their own, which every user may open. Before mounted.sh.
# shellcheck shell=bash

# own_mounts SCRIPT WORK_DIR WBFS: runs the script again, in there, with WORK_DIR in /tmp and a copy of WBFS
own_mounts() {
	local script=$1 folder=$2 wbfs=$3
	if [ -z "${WBFS_OWN_MOUNTS-}" ]; then
		[ "$(id -u)" = 0 ] || { echo "SKIP: only root can make a mount namespace and become another user"; exit 77; }
		unshare -m true 2>/dev/null || { echo "SKIP: no mount namespaces here"; exit 77; }
		WBFS_OWN_MOUNTS=1 exec unshare -m bash "$script" "$folder" "$wbfs"
	fi
	mkdir -p "$folder"
	mount -t tmpfs -o mode=1777 wbfs-test "$folder"
	cp "$wbfs" "$folder/wbfs"
	mkdir "$folder/tests"
	cp "$(dirname "$script")"/*.sh "$folder/tests/"
	mount --bind "$folder" /tmp
	mount -t tmpfs -o mode=755 wbfs-test /run
	if mknod -m 666 /run/fuse c 10 229 2>/dev/null; then
		mount --bind /run/fuse /dev/fuse
	fi
}

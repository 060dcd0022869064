#!/bin/bash
# SPDX-License-Identifier: MIT
# What sshfs, as the distribution ships it, tells of a write that fails in the background: the left column of the
# table in docs/adopting.md. The server's folder is a tmpfs of 64 KiB, and each scenario writes 128 KiB.
# usage: sshfs.sh SOURCE_DIR WORK_DIR
set -eu
source_dir=$1 work=$2
. "$source_dir/tests/common/check.sh"
measured=3.7.3 # the version that the page speaks of
sftp_server=/usr/lib/openssh/sftp-server

if [ "${3:-}" != inside ]; then
	for program in sshfs python3 fusermount3 unshare mountpoint; do
		have $program || skip "sshfs is not measured: $program is not installed"
	done
	[ -x $sftp_server ] || skip "sshfs is not measured: openssh-sftp-server is not installed"
	[ -w /dev/fuse ] || skip "sshfs is not measured: /dev/fuse cannot be used"
	unshare -m true 2>/dev/null || skip "sshfs is not measured: only root may mount in a namespace of its own"
	rm -rf "$work"
	mkdir -p "$work"
	exec unshare -m bash "$0" "$source_dir" "$work" inside
fi

cd "$work"
mkdir served mounted
mount -t tmpfs -o size=64k tmpfs served
mkfifo requests replies
exec 3<>requests 4<>replies
$sftp_server <&3 >&4 3<&- 4<&- &
server=$!
trap 'umount mounted; kill $server' EXIT
sshfs -f -o passive "x:$PWD/served" mounted <&4 >&3 3<&- 4<&- &
for _ in $(seq 600); do
	mountpoint -q mounted && break
	sleep 0.1
done
mountpoint -q mounted || fail "sshfs does not mount"
python3 "$source_dir/tests/field/scenarios.py" "$work/mounted" >told || fail "the scenarios did not end"
cat told

version=$(sshfs --version | sed -n 's/^SSHFS version //p')
[ "$version" = $measured ] || skip "docs/adopting.md speaks of sshfs $measured, and this is $version"
diff - told <<'EOT' || fail "docs/adopting.md says something else of sshfs $measured"
fsync, fsync: EIO, 0
fork, the child exits, fsync, close: 0, 0
a second handle: its fsync before, and after the first's: 0, 0
close of a dup, fsync: EIO, 0
EOT
echo "sshfs $version tells what docs/adopting.md says"

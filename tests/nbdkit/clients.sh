#!/bin/bash
# SPDX-License-Identifier: MIT
# The plugin as its users have it: built alone against an installed libErrseq, and driven by nbdcopy, qemu-io, fio and
# nbd-client.
# usage: clients.sh SOURCE_DIR WORK_DIR PLUGIN CC
set -eu
source_dir=$1 work=$2 plugin=$3 cc=$4
. "$source_dir/tests/common/check.sh"
rm -rf "$work"
mkdir -p "$work"
cd "$work"
have nbdkit || skip "nbdkit (Debian: nbdkit) was not found"

# served FILE COMMAND [PARAMETER...]: runs a command while the file is served; nbdkit puts its address into $uri.
served() {
	local file=$1 command=$2
	shift 2
	must nbdkit -U - "$plugin" "$file" "$@" --run "set -e; $command"
}

unset CFLAGS LDFLAGS PKG_CONFIG_PATH CMAKE_PREFIX_PATH
must cmake -S "$source_dir" -B library -DCMAKE_C_COMPILER="$cc" -DERRSEQ_BUILD_TESTS=OFF -DERRSEQ_BUILD_EXAMPLES=OFF \
	-DERRSEQ_BUILD_BENCH=OFF -DCMAKE_INSTALL_PREFIX="$work/prefix"
must cmake --build library
must cmake --install library
must cmake -S "$source_dir/examples/nbdkit" -B alone -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$work/prefix" \
	-DCMAKE_INSTALL_PREFIX="$work/prefix"
must cmake --build alone
must cmake --install alone
installed=$(find prefix -name nbdkit-errseq-writeback-plugin.so)
[ -n "$installed" ] || fail "the plugin was not installed"
nbdkit --dump-plugin "$PWD/$installed" >dump
grep -qx 'name=errseq-writeback' dump || fail "nbdkit says of the installed plugin: $(cat dump)"
grep -qx 'thread_model=parallel' dump || fail "requests are not served in parallel: $(cat dump)"
echo "it builds alone, against an installed libErrseq, and nbdkit loads it"

truncate -s 1M disk
for wrong in '' "file=disk cache-size=100" "file=disk age=0" "file=disk age=x" "file=disk siez=1" "file=no-such" "file=."; do
	# shellcheck disable=SC2086 # words
	must_fail_with 'file|cache-size|age|siez' nbdkit -U - "$plugin" $wrong --run true
done
echo "wrong parameters are refused, by name"

if have nbdcopy; then
	head -c 33333333 /dev/urandom >data
	truncate -s 33333333 disk
	# shellcheck disable=SC2016 # the shell that nbdkit starts knows $uri
	served disk 'nbdcopy --connections=4 --flush data "$uri"; nbdcopy --connections=4 "$uri" back' cache-size=1M
	must cmp data disk
	must cmp data back
	echo "nbdcopy writes and reads with four connections"
else
	skip_part "nbdcopy (Debian: libnbd-bin) was not found"
fi

if have qemu-io; then
	truncate -s 0 disk
	truncate -s 8M disk
	# shellcheck disable=SC2016
	served disk 'qemu-io -f raw -c "write -P 1 0 1M" -c "write -f -P 2 513k 3k" -c "write -z 700k 5k" \
		-c "discard 800k 64k" -c "write -z -u 900k 4k" -c flush -c "read -P 2 513k 3k" -c "read -P 0 700k 5k" \
		-c "read -P 0 800k 64k" -c "read -P 1 705k 95k" "$uri" | tee said; ! grep -qi "fail\|error" said'
	[ "$(head -c 1048576 disk | tr -d '\001' | wc -c)" = $((3072 + 5120 + 65536 + 4096)) ] ||
		fail "qemu-io wrote something else"
	echo "qemu-io writes, with FUA, zeroes, discards, flushes"

	truncate -s 1M limited
	(
		trap '' XFSZ
		ulimit -f 512
		# shellcheck disable=SC2016
		nbdkit -U - "$plugin" limited --run \
			'qemu-io -t writeback -f raw -c "write 600k 4k" -c flush -c flush "$uri"' >said 2>&1 || true
	)
	grep -q '^wrote 4096/4096 bytes' said || fail "the write should succeed: $(cat said)"
	[ "$(grep -c 'flush: File too large' said)" = 1 ] || fail "one of two flushes should fail: $(cat said)"
	echo "at a file size limit, one of two flushes fails, as docs/nbd-servers.md says"
else
	skip_part "qemu-io (Debian: qemu-utils) was not found"
fi

if have fio && fio --enghelp=nbd >/dev/null 2>&1; then
	truncate -s 0 disk
	truncate -s 16M disk
	# shellcheck disable=SC2016
	served disk 'fio --name=verify --ioengine=nbd --uri="$uri" --rw=randwrite --bsrange=512-64k --bs_unaligned=1 \
		--size=16M --iodepth=16 --fsync=50 --verify=crc32c --verify_fatal=1 --trim_percentage=10' cache-size=256K
	echo "fio writes at random with 16 requests in flight, and verifies"
else
	skip_part "fio with its nbd engine was not found"
fi

# nbdkit ends when its parent does, or by SIGTERM: what is cached is written.
if have qemu-io; then
	truncate -s 0 disk
	truncate -s 1M disk
	(
		nbdkit -f --exit-with-parent -U "$PWD/socket" -P pid "$plugin" disk age=3600 &
		until [ -e pid ]; do sleep 0.01; done
		# without a flush: qemu-io would send one when it ends
		must qemu-io -t unsafe -f raw -c 'write -P 7 0 64k' "nbd:unix:$PWD/socket"
	)
	daemon=$(cat pid)
	while kill -0 "$daemon" 2>/dev/null; do sleep 0.01; done
	[ "$(head -c 65536 disk | tr -d '\007' | wc -c)" = 0 ] || fail "what was cached when its parent ended is lost"
	echo "when its parent ends, it writes all back"
fi

if have nbd-client && [ "$(id -u)" = 0 ] && [ -b /dev/nbd0 ] && have mkfs.ext4; then
	truncate -s 64M disk
	# shellcheck disable=SC2016
	served disk 'unshare -m sh -euc "
		nbd-client -unix \"$unixsocket\" /dev/nbd0 -C 4
		trap \"umount mount; nbd-client -d /dev/nbd0\" EXIT
		mkfs.ext4 -q /dev/nbd0; mkdir -p mount; mount /dev/nbd0 mount
		cp data mount/data; sync mount/data; umount mount; mount /dev/nbd0 mount; cmp data mount/data"'
	echo "a filesystem on nbd-client with four connections keeps its data"
else
	skip_part "nbd-client needs root, /dev/nbd0 (the kernel's nbd) and mkfs.ext4"
fi

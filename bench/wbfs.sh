#!/bin/bash
# SPDX-License-Identifier: MIT
# wbfs beside libfuse's passthrough_ll, on the same folder, in turn: A B A B ... Prints medians and their ratio.
# usage: bench/wbfs.sh WBFS PASSTHROUGH_LL FOLDER [ROUNDS]
# FOLDER is on the filesystem to measure on. passthrough_ll is an example of libfuse; Debian's libfuse3-dev has its
# source: gcc -O2 $(pkg-config --cflags fuse3) -DPACKAGE_VERSION='""' /usr/share/doc/libfuse3-dev/examples/passthrough_ll.c
# -o passthrough_ll $(pkg-config --libs fuse3)
set -eu
if [ $# -lt 3 ]; then
	sed -n 's/^# usage: /usage: /p' "$0" >&2
	exit 2
fi
[ -n "${WBFS_BENCH_INSIDE:-}" ] || exec env WBFS_BENCH_INSIDE=1 unshare -m bash "$0" "$@"
wbfs=$(realpath "$1") passthrough=$(realpath "$2") rounds=${4:-5}
mkdir -p "$3/upper" "$3/mount"
cd "$3"
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

# timed NAME COMMAND...: milliseconds
timed() {
	local name=$1 start end
	shift
	start=$(date +%s%N)
	"$@" >/dev/null 2>&1
	end=$(date +%s%N)
	echo "$name $who $(((end - start) / 1000000))" >>"$figures"
}

round() {
	local daemon
	rm -rf upper/*
	mkdir upper/tree
	for folder in {1..20}; do
		mkdir "upper/tree/$folder"
		for file in {1..100}; do
			: >"upper/tree/$folder/$file"
		done
	done
	"$@" >/dev/null 2>&1 &
	daemon=$!
	until mountpoint -q mount; do
		sleep 0.05
	done
	timed 'ls -lR of 2000 files' ls -lR mount/tree
	timed 'write 512 MiB, 1 MiB blocks, fsync' dd if=/dev/zero of=mount/large bs=1M count=512 conv=fsync
	timed 'read it' dd if=mount/large of=/dev/null bs=1M
	timed 'write 64 MiB, 4 KiB blocks, fsync' dd if=/dev/zero of=mount/small bs=4k count=16384 conv=fsync
	echo "the daemon's processor time $who $(awk '{ print ($14 + $15) * 10 }' /proc/$daemon/stat)" >>"$figures"
	umount mount
	wait $daemon || true
}

for ((i = 1; i <= rounds; i++)); do
	printf 'round %s of %s\r' "$i" "$rounds" >&2
	who=wbfs
	round "$wbfs" -f "$PWD/upper" "$PWD/mount"
	who=passthrough_ll
	round "$passthrough" -f -o "source=$PWD/upper" "$PWD/mount"
done
rm -rf upper mount
sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1
printf '%-38s %8s %15s %6s\n' "median of $rounds, ms" wbfs passthrough_ll ratio
cut -d' ' -f1- "$figures" | sed -E 's/ (wbfs|passthrough_ll) ([0-9.]+)$/\t\1\t\2/' | sort -t"$(printf '\t')" -k1,2 -k3n |
	awk -F'\t' '
		{ value[$1, $2, ++count[$1, $2]] = $3; if (!($1 in seen)) { seen[$1]; order[++names] = $1 } }
		function median(name, who) { return value[name, who, int((count[name, who] + 1) / 2)] }
		END {
			for (i = 1; i <= names; i++) {
				a = median(order[i], "wbfs"); b = median(order[i], "passthrough_ll")
				printf "%-38s %8d %15d %6.2f\n", order[i], a, b, b ? a / b : 0
			}
		}'

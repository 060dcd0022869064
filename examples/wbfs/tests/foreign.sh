#!/bin/bash
# SPDX-License-Identifier: MIT
# xfstests on wbfs: its fsync-err, and the quick group of its generic tests. The suite is not a part of this tree.
# usage: foreign.sh XFSTESTS WBFS [TEST...]
# XFSTESTS is a built checkout of xfstests-dev. For fsync-err alone its sources are enough. TEST: for example generic/001
# instead of the group. Prints each test's result beside what is expected, from foreign.expected, and fails if one differs.
set -eu
if [ $# -lt 2 ]; then
	sed -n 's/^# usage: /usage: /p' "$0" >&2
	exit 2
fi
suite=$1 wbfs=$2
here=$(cd "$(dirname "$0")" && pwd)
[ -e "$suite/src/fsync-err.c" ] || {
	echo "SKIP: '$suite' is no checkout of xfstests: it has no src/fsync-err.c"
	exit 77
}
if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
	echo "SKIP: xfstests wants root, and a mount namespace"
	exit 77
fi
[ -n "${WBFS_FOREIGN_INSIDE-}" ] || WBFS_FOREIGN_INSIDE=1 exec unshare -m bash "$0" "$@"
shift 2
suite=$(realpath "$suite") wbfs=$(realpath "$wbfs")
work=$(mktemp -d)
cd "$work"
mkdir test scratch test.mounted scratch.mounted sbin sbin.real
trap 'umount -q -R "$work"/*.mounted || true; rm -rf "$work" 2>/dev/null || true' EXIT

# ---- fsync-err: it asks a script to let the device fail, and to heal it ----
cc -w -O2 -o fsync-err "$suite/src/fsync-err.c"
cat >dmerror <<'EOT'
#!/bin/sh
case $1 in
load_error_table) echo EIO ;;
*) echo ok ;;
esac >"$WORK/test.mounted/.wbfs-control"
EOT
chmod +x dmerror
export WORK=$work
"$wbfs" "$work/test" "$work/test.mounted"
passed=0
for round in {1..20}; do
	if ./fsync-err -d ./dmerror -n $((round * 10)) "test.mounted/file-$round" >said 2>&1; then
		passed=$((passed + 1))
	else
		tail -n 1 said
	fi
done
umount test.mounted
echo "fsync-err: $passed of 20"
status=0
[ $passed = 20 ] || status=1

# ---- the generic tests: they call mount, which calls mount.fuse.wbfs ----
if [ ! -x "$suite/ltp/fsstress" ] || [ ! -x "$suite/check" ]; then
	echo "SKIP (part): $suite is not built: make in it, then the generic tests can run"
	exit $status
fi
mount --bind /usr/sbin sbin.real
for program in sbin.real/*; do
	ln -s "$work/$program" "sbin/${program##*/}"
done
printf '#!/bin/sh\nexec "%s" "$@"\n' "$wbfs" >sbin/mount.fuse.wbfs
chmod +x sbin/mount.fuse.wbfs
mount --bind sbin /usr/sbin
cat >local.config <<EOT
export FSTYP=fuse FUSE_SUBTYP=.wbfs
export TEST_DEV=$work/test TEST_DIR=$work/test.mounted
export SCRATCH_DEV=$work/scratch SCRATCH_MNT=$work/scratch.mounted
EOT
[ $# -gt 0 ] || set -- -g generic/quick
(cd "$suite" && HOST_OPTIONS=$work/local.config RESULT_BASE=$work/results ./check -fuse "$@") | tee check.log || true

# Each test that ran: its result, and what is expected of those that do not pass.
sed -nE 's/^(generic\/[0-9]+).*(\[not run\]|\[failed|- output mismatch|_check_).*/\1 \2/p; s/^(generic\/[0-9]+) .* [0-9]+s$/\1 passed/p' check.log |
	sed -E 's/\[not run\]/not-run/; s/(\[failed|- output|_check_).*/failed/' | sort -u >results
join -a 1 -o 0,1.2,2.2 -e passed results <(sed -E '/^(#|$)/d; s/^(generic\/[0-9]+) .*/\1 failed/' "$here/foreign.expected" | sort) |
	while read -r test got expected; do
		[ "$got" != not-run ] || expected=$got
		verdict=as-expected
		[ "$got" = "$expected" ] || verdict=DIFFERS
		printf '%-14s %-8s %s %s\n' "$test" "$got" $verdict "$(sed -n "s,^$test ,,p" "$here/foreign.expected")"
	done >table
cat table
awk '{ n[$2]++ } END { for (i in n) printf "%s: %d  ", i, n[i]; print "" }' table
! grep -q ' DIFFERS ' table || status=1
exit $status

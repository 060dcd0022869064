#!/bin/bash
# SPDX-License-Identifier: MIT
# What Redis, as the distribution ships it, tells of an fsync that fails in its background thread while no command
# looks: what docs/adopting.md says. A preloaded library makes one fdatasync fail.
# usage: redis.sh SOURCE_DIR WORK_DIR CC
set -eu
source_dir=$1 work=$2 cc=$3
. "$source_dir/tests/common/check.sh"
measured=7.0.15 # the version that the page speaks of
for program in redis-server redis-cli; do
	have $program || skip "Redis is not measured: $program is not installed"
done
rm -rf "$work"
mkdir -p "$work"
cd "$work"
must "$cc" -shared -fPIC "$source_dir/tests/field/fail_once.c" -o fail_once.so

LD_PRELOAD=./fail_once.so redis-server --port 0 --unixsocket socket --appendonly yes --appendfsync everysec --save '' \
	--logfile log --daemonize no >/dev/null 2>&1 &
server=$!
trap 'kill $server 2>/dev/null' EXIT
redis() {
	redis-cli -s socket "$@"
}

# until_there WHAT COMMAND...
until_there() {
	local what=$1
	shift
	for _ in $(seq 600); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	fail "Redis does not come to this: $what:
$(cat log)"
}

until_there "it answers" redis ping
redis set first 1 >answers
until_there "its thread has begun an fdatasync" test -e begun
redis set second 2 >>answers # the look at the status: nothing has failed yet
touch go
until_there "the fdatasync has failed" grep -q 'Fail to fsync' log
until_there "the next one has succeeded" test -e succeeded
{
	redis set third 3
	redis info persistence | tr -d '\r' | grep '^aof_last_write_status'
	grep -c 'Fail to fsync' log
} >>answers
cat answers

version=$(redis-server --version | sed -n 's/.* v=\([0-9.]*\) .*/\1/p')
[ "$version" = $measured ] || skip "docs/adopting.md speaks of Redis $measured, and this is $version"
diff - answers <<'EOT' || fail "docs/adopting.md says something else of Redis $measured"
OK
OK
OK
aof_last_write_status:ok
1
EOT
echo "Redis $version: three OKs, status ok, and one line in its log"

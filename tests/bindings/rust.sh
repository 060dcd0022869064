#!/bin/bash
# SPDX-License-Identifier: MIT
# bindings/rust: its tests, by each cargo that is here, against the library in the source tree and an installed one; its
# lints; without std; under ThreadSanitizer; and the program of its README.
# usage: rust.sh SOURCE_DIR WORK_DIR LIBRARY PEER PEER64
set -eu
source_dir=$1 work=$2 library=$3
export ERRSEQ_PEER=$4 ERRSEQ_PEER64=$5 CARGO_NET_OFFLINE=true
. "$source_dir/tests/common/check.sh"
. "$source_dir/tests/bindings/readme.sh"
unset CC CFLAGS AR RUSTFLAGS LIBERRSEQ_SOURCE
have cargo || skip "cargo is not installed"
rm -rf "$work"
mkdir -p "$work/examples" "$work/lib/pkgconfig"
cp -R "$source_dir"/bindings/rust/{Cargo.toml,README.md,build.rs,src,tests} "$work"
cd "$work"
readme_program rust examples/readme.rs

# An installed library, as pkg-config knows it.
ln -s "$library" lib/libErrseq.so
ln -s "$library" lib/libErrseq.so.0
printf '%s\n' 'Name: libErrseq' 'Description: as built' 'Version: 0.1.0' "Libs: -L$work/lib -lErrseq" >lib/pkgconfig/libErrseq.pc

# tested NAME: all that one cargo, the first in PATH, can run
tested() {
	export CARGO_TARGET_DIR=$work/target-$1
	rm -f Cargo.lock # its format differs between versions
	export LIBERRSEQ_SOURCE=$source_dir
	must cargo test -j2
	must cargo test -j2 --no-default-features
	cargo run -q --example readme | diff -u expected - || fail "$1: the README's program"
	if cargo clippy --version >/dev/null 2>&1; then
		must cargo clippy --all-targets -- -D warnings
	else
		skip_part "$1: clippy is not installed"
	fi
	must_fail_with 'nowhere' env LIBERRSEQ_SOURCE=/nowhere cargo build
	unset LIBERRSEQ_SOURCE
	must_fail_with 'not found by pkg-config.*LIBERRSEQ_SOURCE' env PKG_CONFIG=/nowhere cargo build
	if have pkg-config; then
		must env PKG_CONFIG_PATH="$work/lib/pkgconfig" LD_LIBRARY_PATH="$work/lib" cargo test -j2
	else
		skip_part "$1: pkg-config is not installed"
	fi
	echo "$1: as expected"
}

tested "$(cargo --version | cut -d ' ' -f 2)"
if [ -x /usr/bin/cargo ] && [ "$(/usr/bin/cargo --version)" != "$(cargo --version)" ]; then
	(PATH=/usr/bin:$PATH && tested "$(/usr/bin/cargo --version | cut -d ' ' -f 2)")
else
	skip_part "the system has no cargo of its own"
fi

# races CFLAGS: how many places in the tests ThreadSanitizer complains of. It sees races inside of the standard library, too,
# which is not instrumented: they do not count.
races() {
	LIBERRSEQ_SOURCE=$source_dir CC=clang CFLAGS=$1 TSAN_OPTIONS=exitcode=0 CARGO_TARGET_DIR=$work/target-tsan \
		RUSTFLAGS='-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer' \
		cargo +nightly test --target "$(rustc -vV | sed -n 's/^host: //p')" --test threads whoever >tsan.log 2>&1 ||
		fail "ThreadSanitizer: $(cat tsan.log)"
	grep -c '^SUMMARY: ThreadSanitizer: data race .*tests/threads.rs' tsan.log || true
}

if have clang && cargo +nightly --version >/dev/null 2>&1; then
	rm -f Cargo.lock
	[ "$(races -fsanitize=thread)" = 0 ] || fail "ThreadSanitizer: $(cat tsan.log)"
	[ "$(races '')" != 0 ] || fail "ThreadSanitizer does not see the race of a library that is not instrumented"
	echo "ThreadSanitizer sees what a word orders"
else
	skip_part "ThreadSanitizer needs clang and a nightly Rust"
fi

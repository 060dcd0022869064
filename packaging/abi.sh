#!/bin/bash
# SPDX-License-Identifier: MIT
# The binary interface of the shared library, beside that of the last release (packaging/abi/MACHINE.abi, by abidw).
# usage: packaging/abi.sh FOLDER [CC]		compares this machine's, and those that a cross-compiler is here for;
#						and sees that abidiff notices lies
#	 packaging/abi.sh FOLDER --update	writes the dumps anew: for a release that adds symbols, or a new SONAME
set -euo pipefail
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	echo "usage: packaging/abi.sh FOLDER [CC | --update]" >&2
	exit 2
fi
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/common/check.sh"
for tool in abidw abidiff; do
	have $tool || skip "the ABI is not compared: $tool is missing (Debian: abigail-tools)"
done
mkdir -p "$1"
cd "$1"
cc=${2:-cc}
[ "$cc" != --update ] || cc=cc

# build CC SOURCE OUTPUT: as CMake builds it, with the debug information that abidw reads
build() {
	must "$1" -g -O2 -ffile-prefix-map="$2/=" -std=c11 -fPIC -shared -fvisibility=hidden -DERRSEQ_BUILD_OF_SHARED_ -I"$2/include" "$2/src/errseq.c" \
		"$2/src/wait.c" -Wl,--version-script="$2/src/libErrseq.map" -Wl,-soname,libErrseq.so.0 -o "$3"
}

machine=$($cc -dumpmachine | cut -d- -f1)
count=0
for compiler in "$cc" aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc i686-linux-gnu-gcc; do
	have "$compiler" || continue
	machine=$("$compiler" -dumpmachine | cut -d- -f1)
	build "$compiler" "$top" "libErrseq.so.$machine"
	must abidw --headers-dir "$top/include" --drop-private-types --no-comp-dir-path --no-corpus-path --no-show-locs \
		--out-file "$machine.abi" "libErrseq.so.$machine"
	if [ "${2:-}" = --update ]; then
		cp "$machine.abi" "$top/packaging/abi/$machine.abi"
	elif [ -e "$top/packaging/abi/$machine.abi" ]; then
		abidiff --no-added-syms "$top/packaging/abi/$machine.abi" "$machine.abi" || fail "$machine: the binary interface has changed"
	else
		skip_part "the ABI of $machine is not compared: packaging/abi has no dump of it"
		continue
	fi
	count=$((count + 1))
done
echo "the binary interface of $count machines is that of packaging/abi"
[ "${2:-}" != --update ] || exit 0

# lie WHAT PATTERN REPLACEMENT: what abidiff must notice
lie() {
	rm -rf lying
	mkdir lying
	cp -R "$top/include" "$top/src" lying
	find lying -type f -exec sed -i "s/$2/$3/" {} +
	! diff -rq "$top/src" lying/src >lie.log || fail "$1: '$2' is not in the source"
	build "$cc" lying lying.so
	! abidiff --no-added-syms "$top/packaging/abi/$($cc -dumpmachine | cut -d- -f1).abi" lying.so >lie.log 2>&1 ||
		fail "abidiff believes a lie: $1"
	echo "noticed: $1"
}
lie "a function is gone" '^\terrseq_settle;$' ''
lie "a symbol has another version" '^LIBERRSEQ_0.1 {' 'LIBERRSEQ_0.2 {'
lie "a function takes something else" 'char \*buf, size_t size' 'char *buf, unsigned size'

#!/bin/bash
# SPDX-License-Identifier: MIT
# RPMs from packaging/rpm/libErrseq.spec, built with whatever rpmbuild is here; then unpacked, used and listed.
# usage: packaging/rpm.sh FOLDER
set -euo pipefail
[ $# = 1 ] || {
	echo "usage: packaging/rpm.sh FOLDER" >&2
	exit 2
}
top=$(cd "$(dirname "$0")/.." && pwd)
rm -rf "$1"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
. "$top/tests/common/check.sh"
have rpmbuild || skip "RPMs are not built: rpmbuild is missing (Debian: rpm)"
name=libErrseq-$(sed -n 's/^Version: *//p' "$top/packaging/rpm/libErrseq.spec")

mkdir -p "$folder/SOURCES"
(cd "$top" && git archive --format=tar.gz --prefix="$name/" HEAD) >"$folder/SOURCES/$name.tar.gz"
# On a Debian, rpm knows of no installed package: --nodeps.
must rpmbuild -ba --nodeps --define "_topdir $folder" "$top/packaging/rpm/libErrseq.spec"
mapfile -t rpms < <(find "$folder/RPMS" "$folder/SRPMS" -name '*.rpm')
[ ${#rpms[@]} -ge 3 ] || fail "rpmbuild made ${rpms[*]}"
if have rpmlint; then
	# To read: it judges by the rules of no distribution in particular (no signature, no group, no ldconfig).
	rpmlint "$top/packaging/rpm/libErrseq.spec" "${rpms[@]}" >"$folder/rpmlint" 2>&1 || true
	echo "rpmlint: $(grep -oE '[0-9]+ errors, [0-9]+ warnings' "$folder/rpmlint"), in $folder/rpmlint"
fi

# Used as from a system: unpacked, found by pkg-config below this sysroot.
mkdir "$folder/root"
for rpm in "${rpms[@]}"; do
	[[ $rpm == *.src.rpm ]] || (cd "$folder/root" && rpm2cpio "$rpm" | cpio --extract --make-directories --quiet)
done
pc=$(find "$folder/root" -name libErrseq.pc)
mapfile -t flags < <(PKG_CONFIG_LIBDIR=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$folder/root \
	pkg-config --cflags --libs libErrseq | xargs printf '%s\n')
library=$(dirname "$(dirname "$pc")")
must cc "$top/tests/package/consumer/consumer.c" "${flags[@]}" -L"$library" -o "$folder/program"
must env LD_LIBRARY_PATH="$library" "$folder/program"
echo "$(printf '%s\n' "${rpms[@]##*/}" | paste -sd' '): built, and a program builds with them and runs"

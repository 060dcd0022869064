#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's packages, as a person would make and use them.
# usage: packaging/debian.sh FOLDER		build in FOLDER: the packages, twice, the same bytes; lintian
#	 packaging/debian.sh FOLDER --chroot	and in a bare Debian 12: install, use, upgrade, remove, piuparts (root)
# Without DEB_BUILD_OPTIONS=nocheck the default tests run in the first of the two builds.
set -euo pipefail
[ $# -ge 1 ] || {
	echo "usage: packaging/debian.sh FOLDER [--chroot]" >&2
	exit 2
}
top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
. "$top/tests/common/check.sh"
for tool in dpkg-buildpackage dh lintian; do
	have $tool || skip "Debian packages are not built: $tool is missing (apt-get install debhelper dpkg-dev lintian fakeroot)"
done
version=$(sed -n '1s/.*(\([0-9.]*\)-.*/\1/p' "$top/packaging/debian/changelog")

# build INTO: unpacks the tree's committed state in a folder of this name, and builds there
build() {
	local tree=$folder/$1/liberrseq-$version
	rm -rf "${folder:?}/$1"
	mkdir -p "$tree"
	(cd "$top" && git archive --format=tar HEAD) | tar -x -C "$tree"
	tar -C "$folder/$1" --sort=name --mtime=@1 --owner=0 --group=0 -czf "$folder/$1/liberrseq_$version.orig.tar.gz" \
		"liberrseq-$version"
	cp -r "$top/packaging/debian" "$tree/debian"
	(cd "$tree" && dpkg-buildpackage --unsigned-source --unsigned-changes --build="$2") >"$folder/$1.log" 2>&1 ||
		fail "$(tail -n 25 "$folder/$1.log")"
}

build one full
DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-} nocheck" TZ=Pacific/Auckland LC_ALL=C.UTF-8 build "elsewhere" binary
(cd "$folder/one" && sha256sum ./*.deb) >"$folder/sums"
(cd "$folder/elsewhere" && sha256sum --check "$folder/sums") || fail "two builds differ: see $folder"
lintian --fail-on error,warning --info "$folder"/one/*.changes || fail "lintian is not content"
echo "the packages are built, twice the same bytes, and lintian has no error or warning:"
ls -l "$folder"/one/*.deb

[ "${2:-}" = --chroot ] || exit 0
have debootstrap || skip "packages are not installed in a chroot: debootstrap is missing"
root=$folder/root
[ -d "$root/usr" ] || debootstrap --variant=minbase bookworm "$root" >"$folder/debootstrap.log" 2>&1 ||
	fail "$(tail "$folder/debootstrap.log")"
# shellcheck disable=SC2016 # the inner shell expands it
inside() { # with /proc, which gdb needs, mounted for this command alone
	unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}
rm -rf "$root/packages" "$root/source"
mkdir "$root/packages"
cp "$folder"/one/*.deb "$root/packages"
cp -r "$folder/one/liberrseq-$version" "$root/source"
quietly_inside() {
	inside "$@" >"$folder/inside.log" 2>&1 || fail "$* in a bare Debian 12:
$(tail -n 40 "$folder/inside.log")"
}
quietly_inside sh -c "dpkg-query --show --showformat='\${Package}\n' '*errseq*' 2>/dev/null | xargs --no-run-if-empty dpkg --purge --force-depends"
quietly_inside apt-get update
quietly_inside sh -c 'apt-get install -y --no-install-recommends /packages/*.deb gcc g++ libc6-dev make cmake pkg-config gdb'
for test in pkg-config cmake; do
	quietly_inside sh -c "cd /source && sh debian/tests/$test"
done
printed=$(inside sh -c 'cd /tmp && printf "#include <errseq/errseq.h>\nint main(void) { errseq_t w = ERRSEQ_INIT; return errseq_set(&w, -5); }\n" >g.c &&
	cc -g g.c -lErrseq -o g && gdb -batch -ex "break errseq_set" -ex run -ex finish -ex "print w" ./g 2>&1') || true
grep -q 'errno=5' <<<"$printed" || fail "gdb does not find the printer: $printed"
# Upgrade: to the same with a higher version.
rm -rf "$folder/next" "$root/packages/next"
mkdir "$root/packages/next"
for deb in "$folder"/one/*.deb; do
	dpkg-deb --raw-extract "$deb" "$folder/next"
	sed -i "s/$version-1/$version-2/" "$folder/next/DEBIAN/control"
	dpkg-deb --root-owner-group --build "$folder/next" "$root/packages/next" >/dev/null
	rm -r "$folder/next"
done
quietly_inside sh -c 'apt-get install -y /packages/next/*.deb'
quietly_inside sh -c 'cd /source && sh debian/tests/pkg-config'
quietly_inside apt-get purge -y '?name(errseq)'
left=$(inside find / -xdev -iname '*errseq*' -not -path '/packages/*' -not -path '/source/*' -not -path '/proc/*' -not -path '/tmp/*' -not -path '/var/log/*')
[ -z "$left" ] || fail "purging leaves $left"
echo "in a bare Debian 12: installed, used by pkg-config, CMake and gdb, upgraded, purged without a trace"
if have piuparts; then
	piuparts --distribution bookworm --no-upgrade-test --warn-on-leftovers-after-purge --existing-chroot="$root" "$folder"/one/liberrseq0_*.deb \
		"$folder"/one/liberrseq-dev_*.deb >"$folder/piuparts.log" 2>&1 || fail "$(tail -n 30 "$folder/piuparts.log")"
	echo "piuparts: pass"
fi

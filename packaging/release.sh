#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes the release tarball of the present commit, from git alone: the same bytes whenever and wherever it runs.
# usage: packaging/release.sh VERSION [FOLDER]
# Writes to FOLDER (default: build/release-VERSION) libErrseq-VERSION.tar.gz and .tar.xz, the SBOM in SPDX, a wrap
# file for Meson, and SHA256SUMS; and says what a person does then. It refuses a version that the tree does not carry everywhere.
set -euo pipefail
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	echo "usage: packaging/release.sh VERSION [FOLDER]" >&2
	exit 2
fi
cd "$(dirname "$0")/.."
version=$1 folder=${2:-build/release-$1} name=libErrseq-$1
wrong=0

# must_say WHAT WANTED FOUND
must_say() {
	[ "$2" = "$3" ] || {
		echo "release: $1 says '$3', and should say '$2'" >&2
		wrong=1
	}
}

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || {
	echo "release: '$version' is no version: MAJOR.MINOR.PATCH is" >&2
	exit 2
}
[ -z "$(git status --porcelain)" ] || {
	echo "release: the tree is not clean; commit first:" >&2
	git status --short >&2
	wrong=1
}
date=$(sed -n "s/^## \[$version\] - \([0-9-]*\)$/\1/p" CHANGELOG.md)
[ -n "$date" ] || {
	echo "release: CHANGELOG.md has no dated section '## [$version] - YYYY-MM-DD'" >&2
	exit 1
}
must_say include/errseq/errseq.h "$version" "$(sed -n 's/^#define ERRSEQ_VERSION_[A-Z]* //p' include/errseq/errseq.h | paste -sd.)"
manual_date=$(LC_ALL=C date -d "$date" '+%B %-d, %Y')
for page in docs/man/*; do
	must_say "$page" "$manual_date" "$(sed -n 's/^\.Dd //p' "$page")"
done
must_say packaging/debian/changelog "$version-1" "$(sed -n '1s/.*(\(.*\)).*/\1/p' packaging/debian/changelog)"
must_say packaging/rpm/libErrseq.spec "$version" "$(sed -n 's/^Version: *//p' packaging/rpm/libErrseq.spec)"
soversion=$(sed -n 's/^set(ERRSEQ_SOVERSION \([0-9]*\)).*/\1/p' CMakeLists.txt)
for place in docs/abi.md packaging/debian/liberrseq0.symbols packaging/abi/README.md; do
	grep -q "libErrseq\.so\.$soversion\b" $place || must_say $place "libErrseq.so.$soversion" "another SONAME"
done
for abi in packaging/abi/*.abi; do
	must_say "$abi" "libErrseq.so.$soversion" "$(sed -n "s/.* soname='\([^']*\)'.*/\1/p" "$abi")"
done
grep -q "^LIBERRSEQ_${version%.*} {" src/libErrseq.map ||
	echo "release: note: no symbol is new in ${version%.*}: src/libErrseq.map has no such node"
[ $wrong = 0 ] || exit 1

# git writes the commit's time into the tarball; .gitattributes says what it leaves out.
rm -rf "$folder"
mkdir -p "$folder"
git archive --format=tar --prefix="$name/" HEAD >"$folder/$name.tar"
gzip --no-name --best --keep "$folder/$name.tar"
xz --threads=1 -9 "$folder/$name.tar"
if command -v reuse >/dev/null; then
	# The list of files, licences and checksums; the identifiers that reuse draws at random are the commit's here.
	commit=$(git rev-parse HEAD)
	mkdir "$folder/$name"
	tar -xzf "$folder/$name.tar.gz" -C "$folder"
	reuse --root "$folder/$name" spdx |
		sed -e "s/^DocumentName: .*/DocumentName: $name/" \
			-e "s,^DocumentNamespace: .*,DocumentNamespace: urn:libErrseq:$version:$commit," \
			-e "s/^Created: .*/Created: $(TZ=UTC0 git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)/" \
			>"$folder/$name.spdx"
	rm -r "${folder:?}/$name"
else
	echo "release: SKIP: no SBOM: reuse (Debian: reuse) is not installed"
fi
# For Meson: this file goes into subprojects/, and the tarball into subprojects/packagefiles/.
cat >"$folder/libErrseq.wrap" <<EOT
[wrap-file]
directory = $name
source_filename = $name.tar.gz
source_hash = $(sha256sum "$folder/$name.tar.gz" | cut -d' ' -f1)

[provide]
libErrseq = errseq_dep
EOT
(cd "$folder" && sha256sum "$name".* libErrseq.wrap >SHA256SUMS && cat SHA256SUMS)

cat <<EOT

$name of $date is in $folder. What a person does now:
 1. Read CHANGELOG.md's section once more. It is what users see.
 2. .ci/run --all is green on this commit: $(git rev-parse --short HEAD).
 3. Unpack the tarball on a bare Debian 12, and run README's four commands in it.
 4. git tag --sign v$version --message 'libErrseq $version', and push the tag.
 5. Sign SHA256SUMS (gpg --detach-sign --armor), and publish the files of $folder together.
 6. Start a new section [Unreleased] in CHANGELOG.md, and a new node in src/libErrseq.map with the next symbol.
EOT

#!/bin/bash
# SPDX-License-Identifier: MIT
# bindings/go: its tests, also under the race detector and on a 32-bit machine, against the library in the source tree and
# an installed one; go vet, gofmt; the program of its README; and that the files for 64 bits say what the others say.
# usage: go.sh SOURCE_DIR WORK_DIR LIBRARY PEER PEER64
set -eu
source_dir=$1 work=$2 library=$3
export ERRSEQ_PEER=$4 ERRSEQ_PEER64=$5 GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local GOMAXPROCS=2
. "$source_dir/tests/common/check.sh"
. "$source_dir/tests/bindings/readme.sh"
unset CC CGO_CFLAGS CGO_LDFLAGS
have go || skip "go is not installed"
rm -rf "$work"
mkdir -p "$work/lib/pkgconfig" "$work/readme"
export GOCACHE=$work/cache
cd "$source_dir/bindings/go"
source=(-tags errseq_source)

for twins in 'word.go word64.go' 'same_test.go same64_test.go'; do
	read -r first second <<<"$twins"
	sed -f widen.sed "$first" | diff "$second" - || fail "$second is not what widen.sed makes of $first"
done
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || fail "gofmt -w $unformatted"
must go vet "${source[@]}" .
must go test "${source[@]}" -count=1 .
must go test "${source[@]}" -count=1 -race .
echo "tests, the race detector, vet: as expected. $(go version)"

# An installed library, as pkg-config knows it.
ln -s "$library" "$work/lib/libErrseq.so"
ln -s "$library" "$work/lib/libErrseq.so.0"
printf '%s\n' 'Name: libErrseq' 'Description: as built' 'Version: 0.1.0' \
	"Cflags: -I$source_dir/include" "Libs: -L$work/lib -lErrseq" >"$work/lib/pkgconfig/libErrseq.pc"
if have pkg-config; then
	must env PKG_CONFIG_PATH="$work/lib/pkgconfig" LD_LIBRARY_PATH="$work/lib" go test -count=1 .
else
	skip_part "pkg-config is not installed"
fi

# i686-linux-gnu-gcc is Debian's gcc-i686-linux-gnu. The peer is the same: words have one layout.
if have i686-linux-gnu-gcc; then
	export GOARCH=386 CGO_ENABLED=1 CC=i686-linux-gnu-gcc
	must go test "${source[@]}" -ldflags '-extldflags -static' -c -o "$work/test386" .
	unset GOARCH CGO_ENABLED CC
	if "$work/test386" -test.list . >/dev/null 2>&1; then
		must "$work/test386"
		echo "386: as expected"
	else
		skip_part "386: this machine does not run 32-bit programs"
	fi
else
	skip_part "386: i686-linux-gnu-gcc is not installed"
fi

# The README's program, in a module of its own; and a copied word in it, of which go vet complains.
cp README.md "$work/readme"
cd "$work/readme"
readme_program go main.go
printf '%s\n' 'module readme' 'go 1.19' 'require errseq v0.1.0' "replace errseq => $source_dir/bindings/go" >go.mod
go run "${source[@]}" . | diff -u expected - || fail "the README's program"
printf '%s\n' 'package main' 'func copied() { another := word; _ = another.Sample() }' >copied.go
must_fail_with 'copies lock value' go vet "${source[@]}" .
printf '%s\n' 'package main' 'func compared() bool { return word.Sample() == word.Peek() }' >copied.go
must_fail_with 'cannot be compared|cannot compare|invalid operation' go build "${source[@]}" .
echo "the README's program: as expected"

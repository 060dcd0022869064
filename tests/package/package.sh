#!/bin/bash
# SPDX-License-Identifier: MIT
# The packaging as its users meet it: installed, found, built against, run.
# usage: package.sh SOURCE_DIR WORK_DIR CC CXX MODE
#   MODE install: build and install to WORK_DIR/prefix; the other modes need it to have run
set -eu
source_dir=$1 work=$2 cc=$3 cxx=$4 mode=$5
. "$source_dir/tests/common/check.sh"
unset CFLAGS CXXFLAGS LDFLAGS PKG_CONFIG_PATH CMAKE_PREFIX_PATH
prefix=$work/prefix
mkdir -p "$work"
cd "$work"
off=(-DERRSEQ_BUILD_TESTS=OFF -DERRSEQ_BUILD_EXAMPLES=OFF -DERRSEQ_BUILD_BENCH=OFF) # what is on by default
[ -n "$cxx" ] || skip "no C++ compiler, and the consumers are in C and C++"

configure() {
	must cmake "$@" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx"
}

libdir() {
	local pc
	pc=$(find "$1" -name libErrseq.pc)
	[ -n "$pc" ] || fail "no libErrseq.pc under $1"
	dirname "$(dirname "$pc")"
}

# flags_of PKG-CONFIG...: what it prints, a word a line. It puts a backslash before a blank, and none before a parenthesis.
flags_of() {
	"$@" | xargs printf '%s\n'
}

needs_shared() {
	readelf -d "$1" | grep -q 'NEEDED.*libErrseq\.so\.0'
}

# consumer NAME KIND-EXPECTED CMAKE-ARGUMENTS...: builds the consumer project, runs it, looks what it linked
consumer() {
	local name=$1 kind=$2 file
	shift 2
	rm -rf "$name"
	configure -S "$source_dir/tests/package/consumer" -B "$name" "$@"
	must cmake --build "$name" --parallel 2
	must ctest --test-dir "$name" --no-tests=error
	for file in "$name"/c*-[A-Z]*.txt; do
		[ ! -s "$file" ] || fail "$name: linking the library sets $(basename "$file"): $(cat "$file")"
	done
	for file in "$name"/consumer-c "$name"/consumer-cpp; do
		if needs_shared "$file"; then
			[ "$kind" = shared ] || fail "$file was linked with the shared library"
		else
			[ "$kind" = static ] || fail "$file was linked with the static library"
		fi
	done
	echo "$name: C and C++, linked with the $kind library"
}

case $mode in
install)
	rm -rf "${work:?}"/*
	configure -S "$source_dir" -B build -DCMAKE_BUILD_TYPE=Release "${off[@]}"
	must cmake --build build
	must cmake --install build --prefix "$prefix"
	for file in "$(libdir "$prefix")"/libErrseq.{a,so,so.0} "$prefix"/include/errseq/errseq.h \
		"$prefix"/share/man/man7/errseq.7 "$prefix"/share/man/man3/errseq_{set,peek,check_and_advance}.3 \
		"$prefix"/share/doc/libErrseq/{LICENSE,README.md,CHANGELOG.md}; do
		[ -e "$file" ] || fail "$file was not installed"
	done
	for name in $(sed -n 's/^\t\(errseq[0-9]*_[a-z_]*[a-z]\);$/\1/p' "$source_dir/src/libErrseq.map") errseq_t errseq64_cursor_t \
		ERRSEQ_INIT; do
		[ -e "$prefix/share/man/man3/$name.3" ] || fail "$name has no installed manual page"
	done
	while read -r page; do # other names of a page
		[ -e "$prefix/share/man/$(sed 's/^\.so //' "$page")" ] || fail "$page points nowhere: $(cat "$page")"
	done < <(grep -rlE '^\.so ' "$prefix/share/man")
	! grep -rI "$work\|$source_dir" "$prefix" | grep -vF "prefix=$prefix" ||
		fail "an installed file names a folder of the build"
	echo "installed $(find "$prefix" -type f | wc -l) files; none names a folder of the build"
	;;
find_package)
	find=(-DHOW=find_package -DCMAKE_PREFIX_PATH="$prefix")
	consumer default static "${find[@]}"
	consumer follows-build-shared-libs shared "${find[@]}" -DBUILD_SHARED_LIBS=ON
	must_fail_with "libErrseq.*no component 'strange'" cmake -S "$source_dir/tests/package/consumer" \
		-B strange "${find[@]}" -DWANT=strange
	;;
find_package.all)
	find=(-DHOW=find_package -DCMAKE_PREFIX_PATH="$prefix")
	consumer component-static static "${find[@]}" -DWANT=static -DBUILD_SHARED_LIBS=ON
	consumer component-shared shared "${find[@]}" -DWANT=shared
	consumer target-static static "${find[@]}" -DKIND=static
	consumer target-shared shared "${find[@]}" -DKIND=shared -DWANT='static;shared'
	# A package that ships only one kind works, and says so when the other is asked for.
	rm -rf only
	cp -a "$prefix" only
	find only \( -name 'libErrseq.a' -o -name 'libErrseq-static*.cmake' \) -delete
	consumer only-shared shared -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/only"
	must_fail_with "no component 'static'" cmake -S "$source_dir/tests/package/consumer" -B no-static \
		-DHOW=find_package -DCMAKE_PREFIX_PATH="$work/only" -DWANT=static
	# Before 1.0 a minor version may break, so another one is not taken, neither a newer nor an older.
	for version in 0.2 0.0 1.0; do
		rm -rf wants
		mkdir -p wants
		cp "$source_dir"/tests/package/consumer/consumer.* wants/
		sed "s/libErrseq 0\\.1 /libErrseq $version /" "$source_dir/tests/package/consumer/CMakeLists.txt" \
			>wants/CMakeLists.txt
		must_fail_with "requested version \"$version\"" cmake -S wants -B wants/build "${find[@]}"
	done
	;;
pkg-config)
	have pkg-config || skip "pkg-config is not installed"
	export PKG_CONFIG_PATH
	PKG_CONFIG_PATH="$(libdir "$prefix")/pkgconfig"
	library=$(libdir "$prefix")
	[ "$(pkg-config --modversion libErrseq)" = "$(sed -n \
		's/^#define ERRSEQ_VERSION_[A-Z]* //p' "$source_dir/include/errseq/errseq.h" | paste -sd.)" ] ||
		fail "pkg-config and the header disagree about the version"
	mapfile -t flags < <(flags_of pkg-config --cflags --libs libErrseq)
	mapfile -t static_flags < <(flags_of pkg-config --cflags --libs --static libErrseq)
	for compiler in "$cc" "$cxx"; do
		source=$source_dir/tests/package/consumer/consumer.c
		[ "$compiler" = "$cc" ] || source=${source}pp
		for level in -O0 -O2; do
			must "$compiler" $level "$source" "${flags[@]}" -o shared
			must env LD_LIBRARY_PATH="$library" ./shared
			needs_shared shared || fail "pkg-config --libs did not link the shared library"
			must "$compiler" $level "$source" -static "${static_flags[@]}" -o static
			must ./static
		done
	done
	echo "plain cc and c++ with pkg-config, shared and -static"
	;;
subproject)
	consumer add_subdirectory static -DHOW=add_subdirectory -DERRSEQ_SOURCE="$source_dir"
	rm -rf installed
	must cmake --install add_subdirectory --prefix "$work/installed"
	[ ! -e installed ] || fail "a subproject installed $(find installed -type f)"
	built=$(find add_subdirectory -name 'libErrseq.so*')
	[ -z "$built" ] || fail "a subproject built what nobody links: $built"
	;;
subproject.all)
	source=(-DERRSEQ_SOURCE="$source_dir")
	consumer add_subdirectory-shared shared -DHOW=add_subdirectory "${source[@]}" -DBUILD_SHARED_LIBS=ON
	consumer FetchContent static -DHOW=FetchContent "${source[@]}"
	consumer FetchContent-shared shared -DHOW=FetchContent "${source[@]}" -DKIND=shared
	consumer unity static -DHOW=add_subdirectory "${source[@]}" -DCMAKE_UNITY_BUILD=ON
	consumer lto static -DHOW=add_subdirectory "${source[@]}" -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON \
		-DCMAKE_BUILD_TYPE=Release
	;;
moved)
	rm -rf elsewhere
	mkdir elsewhere
	cp -a "$prefix" "elsewhere/a prefix"
	mv "$prefix" "$prefix.away"
	trap 'mv "$prefix.away" "$prefix"' EXIT
	moved="$work/elsewhere/a prefix"
	consumer moved-static static -DHOW=find_package -DCMAKE_PREFIX_PATH="$moved" -DWANT=static
	consumer moved-shared shared -DHOW=find_package -DCMAKE_PREFIX_PATH="$moved" -DWANT=shared
	if have pkg-config; then
		library=$(libdir "$moved")
		mapfile -t flags < <(PKG_CONFIG_PATH=$library/pkgconfig flags_of pkg-config --define-variable=prefix="$moved" \
			--cflags --libs libErrseq)
		must "$cc" "$source_dir/tests/package/consumer/consumer.c" "${flags[@]}" -o moved
		must env LD_LIBRARY_PATH="$library" ./moved
		echo "pkg-config finds a moved prefix"
	else
		skip_part "pkg-config is not installed"
	fi
	;;
directories)
	# Directories as distributions set them: a multiarch one, and absolute ones, staged by DESTDIR.
	rm -rf absolute stage
	outside=$(mktemp -d) # CMake refuses to export a folder below the source
	trap 'rm -rf "$outside"' EXIT
	root=$outside/root
	configure -S "$source_dir" -B absolute "${off[@]}" -DCMAKE_INSTALL_PREFIX="$root/usr" \
		-DCMAKE_INSTALL_LIBDIR="$root/libraries/deep" -DCMAKE_INSTALL_INCLUDEDIR="$root/headers"
	must cmake --build absolute
	must env DESTDIR="$work/stage" cmake --install absolute
	[ ! -e "$root" ] || fail "DESTDIR was ignored: $root exists"
	cp -a "stage$root" "$root"
	consumer absolute-found shared -DHOW=find_package -DWANT=shared \
		-DlibErrseq_DIR="$root/libraries/deep/cmake/libErrseq"
	if have pkg-config; then
		printed=$(PKG_CONFIG_PATH="$root/libraries/deep/pkgconfig" pkg-config --cflags --libs libErrseq)
		case $printed in
		*"-I$root/headers"*"-L$root/libraries/deep"*) echo "absolute directories: $printed" ;;
		*) fail "absolute directories: pkg-config says $printed" ;;
		esac
	else
		skip_part "pkg-config is not installed"
	fi
	;;
variants)
	# What is on by default may be off; what cannot be built is refused.
	for kind in static shared; do
		other=$([ $kind = static ] && echo SHARED || echo STATIC)
		rm -rf "kind-$kind" "$work/only-$kind"
		configure -S "$source_dir" -B "kind-$kind" "${off[@]}" -DERRSEQ_BUILD_"$other"=OFF
		must cmake --build "kind-$kind"
		must cmake --install "kind-$kind" --prefix "$work/only-$kind"
		consumer "only-$kind-found" $kind -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/only-$kind"
		[ "$(find "$work/only-$kind" -name 'libErrseq.*[ao]' | wc -l)" = 1 ] || fail "$other was installed although it is off"
	done
	must_fail_with 'nothing to build' cmake -S "$source_dir" -B nothing "${off[@]}" -DERRSEQ_BUILD_STATIC=OFF \
		-DERRSEQ_BUILD_SHARED=OFF
	echo "static only, shared only; neither is refused"

	configure -S "$source_dir" -B debug "${off[@]}" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_DEBUG_POSTFIX=d
	must cmake --build debug
	must cmake --install debug --prefix "$work/installed-debug"
	if have pkg-config; then
		library=$(libdir "$work/installed-debug")
		mapfile -t flags < <(PKG_CONFIG_PATH=$library/pkgconfig flags_of pkg-config --cflags --libs libErrseq)
		must "$cc" "$source_dir/tests/package/consumer/consumer.c" "${flags[@]}" -o with-debug
		must env LD_LIBRARY_PATH="$library" ./with-debug
		readelf -d with-debug | grep -q 'NEEDED.*libErrseqd\.so' || fail "with a debug postfix, pkg-config links another library"
		echo "pkg-config knows the debug postfix"
	fi

	# In /usr, pkg-config says no more than the name; below a sysroot it says the sysroot once. In bin: the old one.
	configure -S "$source_dir" -B usr "${off[@]}" -DCMAKE_INSTALL_PREFIX=/usr
	must cmake --build usr
	must env DESTDIR="$work/root" cmake --install usr
	for tool in pkg-config pkgconf; do
		have $tool || continue
		export PKG_CONFIG_LIBDIR
		PKG_CONFIG_LIBDIR=$(libdir root)/pkgconfig
		printed=$(flags_of $tool --cflags --libs libErrseq)
		[ "$printed" = -lErrseq ] || fail "$tool for /usr says: $printed"
		printed=$(PKG_CONFIG_SYSROOT_DIR=$work/root flags_of $tool --cflags libErrseq)
		[ "$printed" = "-I$work/root/usr/include" ] || fail "$tool below a sysroot says: $printed"
		unset PKG_CONFIG_LIBDIR
		echo "$tool $($tool --version): /usr and a sysroot"
	done

	for component in Runtime Development Documentation; do
		rm -rf "root-$component"
		must env DESTDIR="$work/root-$component" cmake --install usr --component $component
	done
	[ "$(find root-Runtime -type f | wc -l)" = 1 ] || fail "Runtime is $(find root-Runtime -type f)"
	[ "$(find root root-Runtime root-Development root-Documentation -type f | sed 's|^root[^/]*/||' | sort | uniq -c |
		awk '$1 != 2' | wc -l)" = 0 ] || fail "the components together are not what is installed without them"
	cmake --version | grep -q ' 3\.1[0-9]\| 3\.20' ||
		must_fail_with "no component 'Strange'" env DESTDIR="$work/strange" cmake --install usr --component Strange
	echo "three components, each file in one of them"

	# Uninstalling, as README says: the manifest names every file.
	must cmake --install usr --prefix "$work/to-remove"
	xargs -d '\n' rm <usr/install_manifest.txt
	[ -z "$(find to-remove -type f -o -type l)" ] || fail "install_manifest.txt does not name $(find to-remove -type f -o -type l)"

	echo "without cmocka, or with BUILD_TESTING=OFF, the library builds and installs"
	configure -S "$source_dir" -B no-cmocka -DCMAKE_DISABLE_FIND_PACKAGE_cmocka=ON -DERRSEQ_BUILD_EXAMPLES=OFF
	must cmake --build no-cmocka
	must cmake --install no-cmocka --prefix "$work/installed-no-cmocka"
	must_fail_with 'tests need cmocka' cmake -S "$source_dir" -B no-tests -DCMAKE_DISABLE_FIND_PACKAGE_cmocka=ON \
		-DERRSEQ_BUILD_TESTS=ON
	configure -S "$source_dir" -B not-testing -DBUILD_TESTING=OFF -DERRSEQ_BUILD_EXAMPLES=OFF
	[ ! -e not-testing/tests ] || fail "BUILD_TESTING=OFF is not heard"
	if have make; then
		must env -u CMAKE_GENERATOR cmake -S "$source_dir" -B default-generator "${off[@]}"
		must cmake --build default-generator
	fi
	;;
meson)
	have meson || skip "meson is not installed"
	rm -rf meson
	mkdir -p meson/subprojects
	ln -s "$source_dir" meson/subprojects/libErrseq
	cp "$source_dir/tests/package/consumer/consumer.c" meson/
	for how in "dependency('libErrseq', fallback: 'libErrseq')" "import('cmake').subproject('libErrseq').dependency('errseq_static')" \
		"import('cmake').subproject('libErrseq').dependency('errseq_shared')"; do
		cat >meson/meson.build <<-END
			project('consumer', 'c')
			errseq = $how
			test('consumer', executable('consumer', 'consumer.c', dependencies: errseq))
		END
		rm -rf meson/build
		must env CC="$cc" meson setup meson/build meson
		must meson test -C meson/build
	done
	echo "Meson takes libErrseq as a subproject, by its own file or by CMake's"

	# Both install the same files, with the same symbols; only CMake can write what find_package needs.
	rm -rf by-meson by-cmake root-meson root-cmake
	must env CC="$cc" meson setup by-meson "$source_dir" --prefix /usr --libdir lib
	must ninja -C by-meson
	must env DESTDIR="$work/root-meson" meson install -C by-meson
	configure -S "$source_dir" -B by-cmake "${off[@]}" -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib
	must cmake --build by-cmake
	must env DESTDIR="$work/root-cmake" cmake --install by-cmake
	find root-cmake -path '*/lib/cmake*' -delete
	diff <(cd root-cmake && find . | sort) <(cd root-meson && find . | sort) || fail "CMake (<) and Meson (>) install other files"
	for folder in include share; do
		diff -r root-cmake/usr/$folder root-meson/usr/$folder || fail "CMake and Meson install something else in $folder"
	done
	for root in root-cmake root-meson; do
		nm --dynamic --defined-only $root/usr/lib/libErrseq.so | sed 's/^[0-9a-f]* //' | sort >$root.symbols
		readelf --dynamic $root/usr/lib/libErrseq.so | grep -E 'SONAME|NEEDED' | sed 's/.*(/(/' >>$root.symbols
	done
	diff root-cmake.symbols root-meson.symbols || fail "CMake's library (<) and Meson's (>) differ"
	echo "Meson installs the same $(find root-meson -not -type d | wc -l) files as CMake, and the same symbols"
	;;
wbfs)
	# A user's daemon: its folder alone, against what was installed. One of its tests runs, if FUSE can be used here.
	if ! have pkg-config || ! pkg-config --exists "fuse3 >= 3.10"; then
		skip "libfuse3 (Debian: libfuse3-dev) was not found"
	fi
	rm -rf wbfs wbfs-build installed-wbfs
	cp -r "$source_dir/examples/wbfs" wbfs
	configure -S wbfs -B wbfs-build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release
	must cmake --build wbfs-build --parallel 2
	must cmake --install wbfs-build --prefix "$work/installed-wbfs"
	must installed-wbfs/bin/wbfs --version
	[ -e installed-wbfs/share/man/man1/wbfs.1 ] || fail "wbfs(1) was not installed"
	[ "$(find installed-wbfs -type f | wc -l)" = 2 ] || fail "installed: $(find installed-wbfs -type f)"
	must ctest --test-dir wbfs-build --no-tests=error -R 'wbfs[.]each_told_once'
	! have mandoc || must mandoc -T lint -W warning wbfs/wbfs.1
	echo "wbfs builds alone, is installed, and passes a test of its own"
	;;
*)
	fail "no such mode: $mode"
	;;
esac

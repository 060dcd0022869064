#!/bin/bash
# SPDX-License-Identifier: MIT
# The library without the build system: include/ and src/ copied into somebody's tree, freestanding, in a unity
# build, on targets without lock-free atomics; and what it needs and offers as an object.
# usage: source.sh SOURCE_DIR WORK_DIR few|all CC
set -eu
source_dir=$1 work=$2 how_many=$3 cc=$4
. "$source_dir/tests/common/check.sh"
rm -rf "$work"
mkdir -p "$work/tree"
cp -r "$source_dir/include/errseq" "$work/tree/"
cp "$source_dir"/src/*.[ch] "$work/tree/"
cd "$work/tree"

cat >user.c <<'EOF'
#include <errseq/errseq.h>
int main(void)
{
	errseq_t word = ERRSEQ_INIT;
	errseq_cursor_t cursor = errseq_sample(&word);
	int (*volatile advance)(errseq_t *, errseq_cursor_t *) = errseq_check_and_advance;

	errseq_set(&word, -5);
	return errseq_check(&word, cursor) != -5 || advance(&word, &cursor) != -5 ||
	       errseq_check_and_advance(&word, &cursor) != 0;
}
EOF
cat >invalid.c <<'EOF'
#include <errno.h>
#include <errseq/errseq.h>
int main(void)
{
	errseq_t word = ERRSEQ_INIT;
	volatile int err = 5;

	return errseq_set(&word, err) != -EINVAL;
}
EOF
for order in 'user.c errseq.c' 'errseq.c user.c'; do
	# shellcheck disable=SC2086
	printf '#include "%s"\n#include "%s"\n' $order >"unity-${order%% *}"
done

levels="-O0 -O2"
[ "$how_many" = few ] || levels="-O0 -O1 -O2 -O3 -Os"
for compiler in $(compilers_for "$cc" gcc clang); do
	for level in $levels; do
		must "$compiler" -std=c11 -Wall -Wextra -Wpedantic -Werror "$level" -I. -c errseq.c -o errseq.o
		must "$compiler" -std=c11 "$level" -I. user.c errseq.o -o user
		must ./user
		for unity in unity-user.c unity-errseq.c; do
			must "$compiler" -std=c11 -Wall -Wextra -Wpedantic -Werror "$level" -I. $unity -o unity
			must ./unity
		done

		# No libc: nothing undefined, also where there are no headers but the compiler's own.
		must "$compiler" -std=c11 -ffreestanding -nostdinc -isystem \
			"$("$compiler" -print-file-name=include)" -Wall -Wextra -Werror "$level" -I. -c errseq.c \
			-o free.o
		for object in errseq.o free.o; do
			undefined=$(calls_elsewhere "$object")
			[ -z "$undefined" ] || fail "$compiler $level: $object needs $undefined"
			# without <errno.h> too, EINVAL is what the system calls so
			must "$compiler" -std=c11 "$level" -I. invalid.c $object -o invalid
			must ./invalid
		done
	done
	echo "$compiler: alone, in a unity build and freestanding; nothing undefined"

	# Everything but the inline paths' helper is what the header calls private: no other symbol.
	got=$(nm -g --defined-only errseq.o | awk '{ print $3 }' | sort)
	want=$(sed -n 's/^\t\(errseq[0-9]*_[a-z_]*\);$/\1/p' "$source_dir/src/libErrseq.map" |
		grep -v -e errseq_wait -e errseq_wake | sort)
	[ "$got" = "$want" ] || fail "$compiler: errseq.o defines: $got, the version script lists: $want"
done

# In another language than C11 it says what it wants.
must_fail_with 'compile errseq.c as C11 or later' "$cc" -std=c99 -I. -c errseq.c -o out.o
must_fail_with 'compile errseq.c as C11 or later' "$cc" -x c++ -I. -c errseq.c -o out.o
must_fail_with 'compile errseq.c as C11 or later' "$cc" -std=c11 -D__STDC_NO_ATOMICS__ -I. -c errseq.c -o out.o
# some C++ compilers say which C they know
must_fail_with 'compile errseq.c as C11 or later' "$cc" -x c++ -D__STDC_VERSION__=201112L -I. -c errseq.c -o out.o

# Waiting: whoever defines _GNU_SOURCE may; where there is no futex it is an empty file.
for flags in '' -D_GNU_SOURCE -U__linux__; do
	# shellcheck disable=SC2086
	must "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror $flags -I. -c wait.c -o wait.o
	waits=$(nm -g --defined-only wait.o | grep -c errseq_ || true)
	[ "$waits" = "$([ "$flags" = -U__linux__ ] && echo 0 || echo 2)" ] ||
		fail "$cc $flags: wait.o defines $waits functions"
done
echo "wait.c: alone, with _GNU_SOURCE, and empty where there is no futex"

# The fast paths of optimised users are inline: of the library they need the slow path and nothing else.
cat >inline.c <<'EOF'
#include <errseq/errseq.h>
#ifdef __cplusplus
extern "C" {
#endif
int look(const errseq_t *word, errseq_cursor_t since);
errseq_cursor_t open_handle(const errseq_t *word);
int sync_handle(errseq_t *word, errseq_cursor_t *since);
int look_shared(const errseq_t *word, const errseq_shared_cursor_t *since);
int sync_shared(errseq_t *word, errseq_shared_cursor_t *since);
#ifdef __cplusplus
}
#endif
int look(const errseq_t *word, errseq_cursor_t since) { return errseq_check(word, since); }
errseq_cursor_t open_handle(const errseq_t *word) { return errseq_sample(word); }
int sync_handle(errseq_t *word, errseq_cursor_t *since) { return errseq_check_and_advance(word, since); }
int look_shared(const errseq_t *word, const errseq_shared_cursor_t *since) { return errseq_check_shared(word, since); }
int sync_shared(errseq_t *word, errseq_shared_cursor_t *since) { return errseq_check_and_advance_shared(word, since); }
EOF
check_inline() {
	local want=$1 got
	shift
	must "$@" -I. -c inline.c -o inline.o
	got=$(nm -u inline.o | awk '{ print $2 }' | grep errseq | sort | tr '\n' ' ' || true)
	[ "$got" = "$want" ] || fail "$*: the object needs '$got' of the library, expected '$want'"
}
for compiler in $(compilers_for "$cc" gcc clang); do
	for mode in 'c -std=c11' 'c -std=c99' 'c++ -std=c++11'; do
		supports "$compiler" "${mode#*=}" "${mode%% *}" || continue
		# shellcheck disable=SC2086
		for level in -O1 -O2 -Os; do
			check_inline 'errseq_advance_ errseq_advance_shared_ ' "$compiler" -x $mode $level
		done
		# shellcheck disable=SC2086
		check_inline 'errseq_check errseq_check_and_advance errseq_check_and_advance_shared errseq_check_shared errseq_sample ' "$compiler" -x $mode -O2 \
			-DERRSEQ_NO_INLINE
		# shellcheck disable=SC2086
		must "$compiler" -x $mode -O0 -I. -c inline.c -o inline.o
		! nm --defined-only inline.o | grep -q ' [TWV] errseq_' ||
			fail "$compiler $mode: a user's object defines a symbol of the library"
	done
done
# <stdatomic.h> is for C11 that has it. Everywhere else it may be missing, or say that it is not for C++.
mkdir -p stranger
echo '#error "somebody includes <stdatomic.h>"' >stranger/stdatomic.h
for compiler in $(compilers_for "$cc" gcc clang); do
	must_fail_with 'somebody includes' "$compiler" -std=c11 -Istranger -I. -c inline.c -o inline.o
	for mode in 'c -std=c99' 'c -std=c11 -D__STDC_NO_ATOMICS__' 'c++ -std=c++11' 'c++ -std=c++11 -D__STDC_VERSION__=201112L'; do
		# shellcheck disable=SC2086
		must "$compiler" -x $mode -Istranger -I. -c inline.c -o inline.o
	done
done
# A compiler that is neither gcc nor clang, and has no C11, calls the library for everything; of 32 bits only.
cat >strange.c <<'EOF'
#include <errseq/errseq.h>
#ifdef ERRSEQ_HAVE_64
#error "64 bits are offered"
#endif
#ifdef errseq_set
#error "errseq_set is a macro, of built-ins that only gcc and clang have"
#endif
EOF
strange="-U__GNUC__ -U__clang__ -ffreestanding -nostdinc"
for compiler in $(compilers_for "$cc" gcc clang); do
	for mode in 'c -std=c99 -D__attribute__=no_attributes' 'c++ -std=c++11'; do
		strange_mode="$mode $strange -isystem $("$compiler" -print-file-name=include)"
		# shellcheck disable=SC2086
		check_inline 'errseq_check errseq_check_and_advance errseq_check_and_advance_shared errseq_check_shared errseq_sample ' \
			"$compiler" -x $strange_mode -O2 -Wall -Wextra -Wundef -Werror
		# shellcheck disable=SC2086
		must "$compiler" -x $strange_mode -DERRSEQ_BUILD_OF_SHARED_ -fsyntax-only -I. strange.c
	done
done
# Only the build of the shared library exports, on Windows too.
"$cc" -std=c11 -D_WIN32 -E -I. errseq.c >static.i
"$cc" -std=c11 -D_WIN32 -DERRSEQ_BUILD_OF_SHARED_ -E -I. errseq.c >shared.i
! grep -q dllexport static.i || fail "the static library exports on Windows"
grep -q dllexport shared.i || fail "the shared library exports nothing on Windows"
echo "fast paths are inline, and no user's object carries a copy of a symbol"

# Where 64 bits are not lock-free there is no 64-bit word, and all else is as ever: the 80486.
want=$(grep -v errseq64 <<<"$want")
for compiler in $(compilers_for "$cc" gcc clang); do
	if "$compiler" -m32 -march=i486 -ffreestanding -dM -E -x c - </dev/null 2>/dev/null |
		grep -q '__GCC_ATOMIC_LLONG_LOCK_FREE 1'; then
		must "$compiler" -std=c11 -m32 -march=i486 -ffreestanding -nostdinc -isystem \
			"$("$compiler" -print-file-name=include)" -Wall -Wextra -Werror -I. -c errseq.c -o out.o
		got=$(nm -g --defined-only out.o | awk '{ print $3 }' | grep errseq | sort)
		[ "$got" = "$want" ] || fail "$compiler -march=i486: errseq.o defines: $got, expected: $want"
		printf '#include <errseq/errseq.h>\nerrseq64_t word;\n' >word64.c
		must_fail_with "errseq64_t" "$compiler" -std=c11 -m32 -march=i486 -ffreestanding -nostdinc -isystem \
			"$("$compiler" -print-file-name=include)" -I. -c word64.c -o out.o
		echo "$compiler: a target without lock-free 64 bits has the 32-bit word only"
	else
		skip_part "$compiler has no target without lock-free 64-bit atomics (-m32 -march=i486)"
	fi
done

# Where a plain uint64_t is aligned to 4 within a struct, the word is not: the 80686, in each language.
cat >aligned.c <<'EOF'
#include <errseq/errseq.h>
struct inside {
	char before;
	errseq64_t word;
};
typedef char is_aligned[offsetof(struct inside, word) == 8 && sizeof(struct inside) == 16 ? 1 : -1];
EOF
if "$cc" -m32 -march=i686 -ffreestanding -dM -E -x c - </dev/null 2>/dev/null |
	grep -q '__GCC_ATOMIC_LLONG_LOCK_FREE 2'; then
	for mode in 'c -std=c11' 'c -std=c99' 'c++ -std=c++11'; do
		# shellcheck disable=SC2086
		must "$cc" -x $mode -m32 -march=i686 -ffreestanding -nostdinc -isystem \
			"$("$cc" -print-file-name=include)" -I. -fsyntax-only aligned.c
	done
	echo "the 64-bit word is aligned to 8 where uint64_t is not"
else
	skip_part "$cc has no target that aligns 64 bits to 4 (-m32 -march=i686)"
fi

# Where an atomic is a lock in disguise the build stops, and says why. gcc knows such a target: the 80386.
if "$cc" -m32 -march=i386 -ffreestanding -dM -E -x c - </dev/null 2>/dev/null |
	grep -q '__GCC_ATOMIC_INT_LOCK_FREE 1'; then
	for file in errseq.c user.c; do
		must_fail_with 'needs 32-bit atomics that are always lock-free' \
			"$cc" -std=c11 -m32 -march=i386 -ffreestanding -nostdinc -isystem \
			"$("$cc" -print-file-name=include)" -I. -c $file -o out.o
	done
	echo "a target without lock-free atomics is refused with a reason"
else
	skip_part "$cc has no target without lock-free atomics (-m32 -march=i386)"
fi

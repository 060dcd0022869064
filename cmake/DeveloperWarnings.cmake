# SPDX-License-Identifier: MIT
# What developers of libErrseq want to be told. The presets include this file; no target carries a flag
# of it, so nobody who links the library does.
add_compile_options(
	-Wall -Wextra         # what nobody should be without
	-Wpedantic            # other compilers than ours will read this
	-Wshadow              # two things of one name in view are read as one
	-Wconversion          # a value that changes on its way into a narrower type is a wrong errno
	-Wsign-conversion     # errnos are negative, words are not: every crossing is written down
	-Wcast-qual           # a const word is never written to
	-Wundef               # a misspelled macro in #if is silently 0
	-Wformat=2            # format strings are literals
	-Wvla                 # stack use is known
	$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>   # () says nothing about arguments
	$<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>  # what is not in a header is static
)

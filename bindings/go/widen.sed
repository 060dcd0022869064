# SPDX-License-Identifier: MIT
# Makes the files of the 64-bit word of the others: sed -f widen.sed word.go >word64.go, and same_test.go likewise.
s/^\/\/ The 64-bit word has this text, too: \(.*\)64\(.*\) is made of it.*/\/\/ This is \1\2 for the 64-bit word, made by widen.sed. Change that one./
s/: 4 bytes/: 8 bytes/
s/\bC\.errseq_/C.errseq64_/g
s/atomic\.Uint32/atomic.Uint64/g
s/\buint32\b/uint64/g
s/\b\(Word\|Cursor\|SharedCursor\|State\)\([{ ),.*]\|$\)/\164\2/g
s/\bWordAt\b/Word64At/g
s/\bSharedCursorAt\b/SharedCursor64At/g
s/\bCursorFromBits\b/Cursor64FromBits/g
s/\bboth\b/both64/g
s/^func \(Test[A-Za-z]*\)(/func \164(/
s/ERRSEQ_PEER/ERRSEQ_PEER64/

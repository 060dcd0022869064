// SPDX-License-Identifier: MIT

// Package errseq keeps the latest asynchronous error in 4 bytes, and reports it once to each observer. It is the C
// library libErrseq.
//
// A word is the shared record. It lives beside the thing that can fail, such as a file. A cursor is one observer's
// position in the word's history. Each open handle has one.
//
//	var word errseq.Word
//
//	cursor := word.Sample()             // open: take a position
//	word.Set(syscall.EIO)               // later, in the background: a write failed
//	err := word.Check(cursor)           // close: EIO; looks and changes nothing
//	err = word.CheckAndAdvance(&cursor) // fsync: EIO, and nil if called again
//
// Each method is one call of the C library, whose header errseq.h says what it promises. An error that is returned is a
// [syscall.Errno].
//
// A cursor means something to its own word only. Go cannot tell cursors of different words apart: keep a cursor beside
// its word's handle. Several goroutines may use a word or a shared cursor at once, but not one plain cursor. Words and
// shared cursors must not be copied: go vet complains.
package errseq

/*
#cgo !errseq_source pkg-config: libErrseq
#cgo errseq_source CFLAGS: -I${SRCDIR}/../../include
*/
import "C"

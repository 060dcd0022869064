// SPDX-License-Identifier: MIT

package errseq

// This is word.go for the 64-bit word, made by widen.sed. Change that one.

/*
#include <errseq/errseq.h>
*/
import "C"

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Word64 is the shared record: 8 bytes. The zero Word64 says that nothing was ever recorded. Goroutines, and processes that
// map it, may use it at once. It must not be copied.
type Word64 struct {
	value atomic.Uint64
}

// Cursor64 is one observer's position in the history of a word. The zero Cursor64 is at the beginning: whatever error is in
// the word is new to it. To compare cursors, use Same.
type Cursor64 struct {
	_    [0]func() // so that == does not compile: it would compare the flags
	bits uint64
}

// SharedCursor64 is a cursor that goroutines may use at once, and so may processes that map it: 8 bytes. The zero
// SharedCursor64 is at the beginning. It must not be copied.
type SharedCursor64 struct {
	value atomic.Uint64
}

// State64 is what a word or a cursor holds, for diagnosis.
type State64 struct {
	bits uint64
}

// Word64At returns the word at an offset of memory, for instance of syscall.Mmap. All zeroes are a valid word. The memory
// must stay mapped while the word is used, by Watch until its channel is closed.
func Word64At(memory []byte, offset int) (*Word64, error) {
	place, err := address(memory, offset, int(unsafe.Sizeof(Word64{})))
	return (*Word64)(place), err
}

// SharedCursor64At returns the shared cursor at an offset of memory, as Word64At does.
func SharedCursor64At(memory []byte, offset int) (*SharedCursor64, error) {
	place, err := address(memory, offset, int(unsafe.Sizeof(SharedCursor64{})))
	return (*SharedCursor64)(place), err
}

func (w *Word64) c() *C.errseq64_t {
	return (*C.errseq64_t)(unsafe.Pointer(&w.value))
}

func (s *SharedCursor64) c() *C.errseq64_shared_cursor_t {
	return (*C.errseq64_shared_cursor_t)(unsafe.Pointer(&s.value))
}

// Init makes the word say that nothing was ever recorded, while nobody else uses it.
func (w *Word64) Init() {
	C.errseq64_init(w.c())
}

// Set records an error, 1 to MaxErrno. First make the data clean, or drop it; then call Set. Another errno is refused
// with an error that is EINVAL, and the word is untouched.
func (w *Word64) Set(err syscall.Errno) error {
	if err < 1 || err > MaxErrno {
		return invalid(err)
	}
	C.errseq64_set(w.c(), -C.int(err))
	return nil
}

// Sample takes a position, for open. An error that was reported to nobody yet is still new to it.
func (w *Word64) Sample() Cursor64 {
	return Cursor64{bits: uint64(C.errseq64_sample(w.c()))}
}

// Peek takes a position after all errors so far, and leaves them to others.
func (w *Word64) Peek() Cursor64 {
	return Cursor64{bits: uint64(C.errseq64_peek(w.c()))}
}

// Check returns the error since a position, or nil. It changes nothing: a second call returns the same.
func (w *Word64) Check(since Cursor64) error {
	return errorOf(C.errseq64_check(w.c(), C.errseq64_cursor_t(since.bits)))
}

// CheckAndAdvance returns the error since a position once, or nil. It marks the error reported, and advances the
// cursor. For fsync.
func (w *Word64) CheckAndAdvance(since *Cursor64) error {
	return errorOf(C.errseq64_check_and_advance(w.c(), (*C.errseq64_cursor_t)(&since.bits)))
}

// Settle marks the error at a position as reported, after it was delivered. It returns false, and changes nothing, if
// the word has moved on.
func (w *Word64) Settle(at Cursor64) bool {
	return C.errseq64_settle(w.c(), C.errseq64_cursor_t(at.bits)) != 0
}

// CheckShared is Check through a shared cursor.
func (w *Word64) CheckShared(since *SharedCursor64) error {
	return errorOf(C.errseq64_check_shared(w.c(), since.c()))
}

// CheckAndAdvanceShared is CheckAndAdvance through a shared cursor: of all who call it at once, one gets the error.
func (w *Word64) CheckAndAdvanceShared(since *SharedCursor64) error {
	return errorOf(C.errseq64_check_and_advance_shared(w.c(), since.c()))
}

// Load returns what the word holds. It is not a position.
func (w *Word64) Load() State64 {
	return State64{uint64(C.errseq64_load(w.c()))}
}

// Cursor64FromBits returns a position that was stored. It means something only to the word that it was taken from.
func Cursor64FromBits(bits uint64) Cursor64 {
	return Cursor64{bits: bits}
}

// Bits is the position as a number, to store it.
func (c Cursor64) Bits() uint64 {
	return c.bits
}

// Same says whether two cursors of one word are the same position. What others have observed or reported since makes no
// difference.
func (c Cursor64) Same(other Cursor64) bool {
	return C.errseq64_cursor_same(C.errseq64_cursor_t(c.bits), C.errseq64_cursor_t(other.bits)) != 0
}

// Err is the error that the cursor stands on; nil at the beginning.
func (c Cursor64) Err() error {
	return c.State().Err()
}

// State64 is what the cursor holds.
func (c Cursor64) State() State64 {
	return State64{c.bits}
}

// String is the text of State64.
func (c Cursor64) String() string {
	return c.State().String()
}

// Init sets the shared cursor to a position, while nobody else uses it.
func (s *SharedCursor64) Init(at Cursor64) {
	C.errseq64_shared_cursor_init(s.c(), C.errseq64_cursor_t(at.bits))
}

// Get returns where the shared cursor stands.
func (s *SharedCursor64) Get() Cursor64 {
	return Cursor64{bits: uint64(C.errseq64_shared_cursor_get(s.c()))}
}

// Move moves the shared cursor to a position from Peek, if it still stands on from, which Get returned before that
// Peek. It returns whether it moved.
func (s *SharedCursor64) Move(from, to Cursor64) bool {
	return C.errseq64_shared_cursor_move(s.c(), C.errseq64_cursor_t(from.bits), C.errseq64_cursor_t(to.bits)) != 0
}

// Err is the error, a syscall.Errno; nil if nothing was ever recorded.
func (s State64) Err() error {
	return errorOf(C.errseq64_cursor_error(C.errseq64_cursor_t(s.bits)))
}

// Reported says whether the error was reported to somebody.
func (s State64) Reported() bool {
	return C.errseq64_cursor_reported(C.errseq64_cursor_t(s.bits)) != 0
}

// Observed says whether a cursor may stand on the error.
func (s State64) Observed() bool {
	return C.errseq64_cursor_observed(C.errseq64_cursor_t(s.bits)) != 0
}

// Count is the counter. It moves when an error follows one that somebody observed.
func (s State64) Count() uint64 {
	return uint64(C.errseq64_cursor_count(C.errseq64_cursor_t(s.bits)))
}

// String is, for example, "errno=5 reported observed count=3".
func (s State64) String() string {
	var text [formatSize]byte
	length := C.errseq64_format(C.errseq64_cursor_t(s.bits), (*C.char)(unsafe.Pointer(&text[0])), formatSize)
	return string(text[:length])
}

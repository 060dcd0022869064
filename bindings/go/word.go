// SPDX-License-Identifier: MIT

package errseq

// The 64-bit word has this text, too: word64.go is made of it by widen.sed, and a test compares the two.

/*
#include <errseq/errseq.h>
*/
import "C"

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Word is the shared record: 4 bytes. The zero Word says that nothing was ever recorded. Goroutines, and processes that
// map it, may use it at once. It must not be copied.
type Word struct {
	value atomic.Uint32
}

// Cursor is one observer's position in the history of a word. The zero Cursor is at the beginning: whatever error is in
// the word is new to it. To compare cursors, use Same.
type Cursor struct {
	_    [0]func() // so that == does not compile: it would compare the flags
	bits uint32
}

// SharedCursor is a cursor that goroutines may use at once, and so may processes that map it: 4 bytes. The zero
// SharedCursor is at the beginning. It must not be copied.
type SharedCursor struct {
	value atomic.Uint32
}

// State is what a word or a cursor holds, for diagnosis.
type State struct {
	bits uint32
}

// WordAt returns the word at an offset of memory, for instance of syscall.Mmap. All zeroes are a valid word. The memory
// must stay mapped while the word is used, by Watch until its channel is closed.
func WordAt(memory []byte, offset int) (*Word, error) {
	place, err := address(memory, offset, int(unsafe.Sizeof(Word{})))
	return (*Word)(place), err
}

// SharedCursorAt returns the shared cursor at an offset of memory, as WordAt does.
func SharedCursorAt(memory []byte, offset int) (*SharedCursor, error) {
	place, err := address(memory, offset, int(unsafe.Sizeof(SharedCursor{})))
	return (*SharedCursor)(place), err
}

func (w *Word) c() *C.errseq_t {
	return (*C.errseq_t)(unsafe.Pointer(&w.value))
}

func (s *SharedCursor) c() *C.errseq_shared_cursor_t {
	return (*C.errseq_shared_cursor_t)(unsafe.Pointer(&s.value))
}

// Init makes the word say that nothing was ever recorded, while nobody else uses it.
func (w *Word) Init() {
	C.errseq_init(w.c())
}

// Set records an error, 1 to MaxErrno. First make the data clean, or drop it; then call Set. Another errno is refused
// with an error that is EINVAL, and the word is untouched.
func (w *Word) Set(err syscall.Errno) error {
	if err < 1 || err > MaxErrno {
		return invalid(err)
	}
	C.errseq_set(w.c(), -C.int(err))
	return nil
}

// Sample takes a position, for open. An error that was reported to nobody yet is still new to it.
func (w *Word) Sample() Cursor {
	return Cursor{bits: uint32(C.errseq_sample(w.c()))}
}

// Peek takes a position after all errors so far, and leaves them to others.
func (w *Word) Peek() Cursor {
	return Cursor{bits: uint32(C.errseq_peek(w.c()))}
}

// Check returns the error since a position, or nil. It changes nothing: a second call returns the same.
func (w *Word) Check(since Cursor) error {
	return errorOf(C.errseq_check(w.c(), C.errseq_cursor_t(since.bits)))
}

// CheckAndAdvance returns the error since a position once, or nil. It marks the error reported, and advances the
// cursor. For fsync.
func (w *Word) CheckAndAdvance(since *Cursor) error {
	return errorOf(C.errseq_check_and_advance(w.c(), (*C.errseq_cursor_t)(&since.bits)))
}

// Settle marks the error at a position as reported, after it was delivered. It returns false, and changes nothing, if
// the word has moved on.
func (w *Word) Settle(at Cursor) bool {
	return C.errseq_settle(w.c(), C.errseq_cursor_t(at.bits)) != 0
}

// CheckShared is Check through a shared cursor.
func (w *Word) CheckShared(since *SharedCursor) error {
	return errorOf(C.errseq_check_shared(w.c(), since.c()))
}

// CheckAndAdvanceShared is CheckAndAdvance through a shared cursor: of all who call it at once, one gets the error.
func (w *Word) CheckAndAdvanceShared(since *SharedCursor) error {
	return errorOf(C.errseq_check_and_advance_shared(w.c(), since.c()))
}

// Load returns what the word holds. It is not a position.
func (w *Word) Load() State {
	return State{uint32(C.errseq_load(w.c()))}
}

// CursorFromBits returns a position that was stored. It means something only to the word that it was taken from.
func CursorFromBits(bits uint32) Cursor {
	return Cursor{bits: bits}
}

// Bits is the position as a number, to store it.
func (c Cursor) Bits() uint32 {
	return c.bits
}

// Same says whether two cursors of one word are the same position. What others have observed or reported since makes no
// difference.
func (c Cursor) Same(other Cursor) bool {
	return C.errseq_cursor_same(C.errseq_cursor_t(c.bits), C.errseq_cursor_t(other.bits)) != 0
}

// Err is the error that the cursor stands on; nil at the beginning.
func (c Cursor) Err() error {
	return c.State().Err()
}

// State is what the cursor holds.
func (c Cursor) State() State {
	return State{c.bits}
}

// String is the text of State.
func (c Cursor) String() string {
	return c.State().String()
}

// Init sets the shared cursor to a position, while nobody else uses it.
func (s *SharedCursor) Init(at Cursor) {
	C.errseq_shared_cursor_init(s.c(), C.errseq_cursor_t(at.bits))
}

// Get returns where the shared cursor stands.
func (s *SharedCursor) Get() Cursor {
	return Cursor{bits: uint32(C.errseq_shared_cursor_get(s.c()))}
}

// Move moves the shared cursor to a position from Peek, if it still stands on from, which Get returned before that
// Peek. It returns whether it moved.
func (s *SharedCursor) Move(from, to Cursor) bool {
	return C.errseq_shared_cursor_move(s.c(), C.errseq_cursor_t(from.bits), C.errseq_cursor_t(to.bits)) != 0
}

// Err is the error, a syscall.Errno; nil if nothing was ever recorded.
func (s State) Err() error {
	return errorOf(C.errseq_cursor_error(C.errseq_cursor_t(s.bits)))
}

// Reported says whether the error was reported to somebody.
func (s State) Reported() bool {
	return C.errseq_cursor_reported(C.errseq_cursor_t(s.bits)) != 0
}

// Observed says whether a cursor may stand on the error.
func (s State) Observed() bool {
	return C.errseq_cursor_observed(C.errseq_cursor_t(s.bits)) != 0
}

// Count is the counter. It moves when an error follows one that somebody observed.
func (s State) Count() uint32 {
	return uint32(C.errseq_cursor_count(C.errseq_cursor_t(s.bits)))
}

// String is, for example, "errno=5 reported observed count=3".
func (s State) String() string {
	var text [formatSize]byte
	length := C.errseq_format(C.errseq_cursor_t(s.bits), (*C.char)(unsafe.Pointer(&text[0])), formatSize)
	return string(text[:length])
}

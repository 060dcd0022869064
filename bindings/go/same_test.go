// SPDX-License-Identifier: MIT

package errseq

// The 64-bit word has this text, too: same64_test.go is made of it by widen.sed, and a test compares the two.

import (
	"fmt"
	"math/rand"
	"syscall"
	"testing"
	"unsafe"
)

// both is a word and a shared cursor here, and the same in C. They are at 0, 8, 64 and 72 of the peer's memory.
func both(t *testing.T) (p *peer, word, there *Word, shared *SharedCursor) {
	p = newPeer(t, "ERRSEQ_PEER")
	word, err := WordAt(p.memory, 0)
	expect(t, "the word", err, nil)
	there, err = WordAt(p.memory, 64)
	expect(t, "the word in C", err, nil)
	shared, err = SharedCursorAt(p.memory, 8)
	expect(t, "the shared cursor", err, nil)
	return p, word, there, shared
}

func TestCRecordsAndGoIsToldAndBack(t *testing.T) {
	p, word, _, shared := both(t)
	cursor := word.Sample()
	p.call("set 0 -5")
	expect(t, "C's error", word.CheckAndAdvance(&cursor), syscall.EIO)
	word.Set(syscall.ENOSPC)
	for _, call := range []string{fmt.Sprint("check 0 ", cursor.Bits()), "check_and_advance_shared 0 8"} {
		if said := p.call(call); said != "-28" {
			t.Errorf("%s: %s", call, said)
		}
	}
	expect(t, "the shared cursor that C has advanced", word.CheckAndAdvanceShared(shared), nil)
	if said := word.Load().String(); said != "errno=28 reported observed count=1" {
		t.Error(said)
	}
}

// Random calls, here on one word and in C on another. Results, words and cursors are equal all the way.
func TestEveryCallDoesWhatCDoes(t *testing.T) {
	p, word, there, shared := both(t)
	var cursor, other Cursor
	chance := rand.New(rand.NewSource(18))
	step := func() (here, call string) {
		since, at := cursor.Bits(), other.Bits()
		switch chance.Intn(16) {
		case 0:
			err := []syscall.Errno{1, 5, 28, 4095}[chance.Intn(4)]
			return c(word.Set(err)), fmt.Sprint("set 64 -", int(err))
		case 1:
			cursor = word.Sample()
			return fmt.Sprint(cursor.Bits()), "sample 64"
		case 2:
			other = word.Peek()
			return fmt.Sprint(other.Bits()), "peek 64"
		case 3:
			return c(word.Check(cursor)), fmt.Sprint("check 64 ", since)
		case 4:
			err := word.CheckAndAdvance(&cursor)
			return fmt.Sprint(c(err), " ", cursor.Bits()), fmt.Sprint("check_and_advance 64 ", since)
		case 5:
			return c(word.Settle(other)), fmt.Sprint("settle 64 ", at)
		case 6:
			return c(cursor.Same(other)), fmt.Sprint("cursor_same ", since, " ", at)
		case 7:
			return c(cursor.Err()), fmt.Sprint("cursor_error ", since)
		case 8:
			return c(cursor.State().Reported()), fmt.Sprint("cursor_reported ", since)
		case 9:
			return c(cursor.State().Observed()), fmt.Sprint("cursor_observed ", since)
		case 10:
			return fmt.Sprint(cursor.State().Count()), fmt.Sprint("cursor_count ", since)
		case 11:
			cursor = shared.Get()
			return fmt.Sprint(cursor.Bits()), "shared_cursor_get 72"
		case 12:
			return c(shared.Move(cursor, other)), fmt.Sprint("shared_cursor_move 72 ", since, " ", at)
		case 13:
			return c(word.CheckShared(shared)), "check_shared 64 72"
		case 14:
			return c(word.CheckAndAdvanceShared(shared)), "check_and_advance_shared 64 72"
		}
		switch chance.Intn(4) {
		case 0:
			word.Init()
			return "0", "init 64"
		case 1:
			shared.Init(other)
			return "0", fmt.Sprint("shared_cursor_init 72 ", at)
		case 2:
			cursor = CursorFromBits(uint32(chance.Uint64()))
			return cursor.String(), fmt.Sprint("format ", cursor.Bits())
		default: // what only a long life, or no call, leaves
			value := uint32(chance.Uint64())
			*(*uint32)(unsafe.Pointer(word)) = value
			*(*uint32)(unsafe.Pointer(there)) = value
			return fmt.Sprint(value), "load 64"
		}
	}
	for i := 0; i < 5000; i++ {
		here, call := step()
		if said := p.call(call); said != here {
			t.Fatalf("%s: %s in C, %s in Go", call, said, here)
		}
		if word.Load() != there.Load() || fmt.Sprint(shared.Get().Bits()) != p.call("shared_cursor_get 72") {
			t.Fatalf("after %s: words %v and %v in C; shared cursor %v", call, word.Load(), there.Load(), shared.Get())
		}
	}
}

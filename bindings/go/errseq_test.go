// SPDX-License-Identifier: MIT

package errseq

import (
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// expect fails the test if an error is not the one that was expected.
func expect(t *testing.T, what string, got, expected error) {
	t.Helper()
	if got != expected {
		t.Fatalf("%s: %v, expected %v", what, got, expected)
	}
}

func TestEachObserverGetsAnErrorOnce(t *testing.T) {
	var word Word
	alice, bob := word.Sample(), word.Sample()
	expect(t, "set", word.Set(syscall.EIO), nil)
	expect(t, "check", word.Check(alice), syscall.EIO)
	expect(t, "alice", word.CheckAndAdvance(&alice), syscall.EIO)
	expect(t, "alice again", word.CheckAndAdvance(&alice), nil)
	expect(t, "alice's cursor", alice.Err(), syscall.EIO)
	expect(t, "bob", word.CheckAndAdvance(&bob), syscall.EIO)
	expect(t, "a newcomer", word.Check(word.Sample()), nil)
}

func TestSettleMarksItsOwnErrorOnly(t *testing.T) {
	var word Word64
	word.Set(syscall.EIO)
	at := word.Peek()
	word.Set(syscall.ENOSPC)
	if word.Settle(at) {
		t.Error("an older error was settled")
	}
	expect(t, "before", word.Check(word.Sample()), syscall.ENOSPC)
	if !word.Settle(word.Peek()) {
		t.Error("the latest error was not settled")
	}
	expect(t, "after", word.Check(word.Sample()), nil)
}

func TestFlagsDoNotMakePositionsDiffer(t *testing.T) {
	var word Word
	var advanced Cursor
	word.Set(syscall.EIO)
	peeked := word.Peek()
	word.CheckAndAdvance(&advanced)
	if peeked.Bits() == advanced.Bits() || !peeked.Same(advanced) || peeked.Same(Cursor{}) {
		t.Errorf("peeked %v, advanced %v", peeked, advanced)
	}
}

func TestAStoredPositionGoesOn(t *testing.T) {
	var word Word64
	word.Set(syscall.EIO)
	stored := word.Peek().Bits()
	expect(t, "before", word.Check(Cursor64FromBits(stored)), nil)
	word.Set(syscall.ENOSPC)
	expect(t, "after", word.Check(Cursor64FromBits(stored)), syscall.ENOSPC)
}

func TestAWrongErrnoIsRefusedAndTheWordUntouched(t *testing.T) {
	var word Word
	var word64 Word64
	minus5 := -5
	for _, wrong := range []syscall.Errno{0, 4096, syscall.Errno(minus5), 1 << 31, ^syscall.Errno(0)} {
		for _, err := range []error{word.Set(wrong), word64.Set(wrong)} {
			if !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), "cannot be recorded, an errno is 1 to 4095") {
				t.Errorf("%d: %v", int(wrong), err)
			}
		}
	}
	if word.Load().String() != "never set" || word64.Load().String() != "never set" {
		t.Error(word.Load(), word64.Load())
	}
	expect(t, "1", word.Set(1), nil)
	expect(t, "4095", word.Set(MaxErrno), nil)
	expect(t, "the latest", word.Load().Err(), syscall.Errno(4095))
}

func TestAWordLiesInsideItsMemoryAndIsAligned(t *testing.T) {
	memory, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(memory)
	for _, wrong := range []int{-8, 4090, 4093, 4096, 1 << 30, 4, 2, 1} {
		_, err := Word64At(memory, wrong)
		_, err2 := SharedCursor64At(memory, wrong)
		_, err3 := WordAt(memory[:4092], wrong|2)
		for _, err := range []error{err, err2, err3} {
			if err == nil || !strings.Contains(err.Error(), "offset") {
				t.Errorf("%d: %v", wrong, err)
			}
		}
	}
	_, err = WordAt(nil, 0)
	_, err2 := WordAt(memory[:4094], 4092)
	_, err3 := Word64At(memory[:4092], 4088)
	for _, err := range []error{err, err2, err3} {
		if err == nil || !strings.Contains(err.Error(), "outside") {
			t.Errorf("outside of its memory: %v", err)
		}
	}
	word, err := WordAt(memory, 4092)
	expect(t, "at the end", err, nil)
	word.Set(syscall.EIO)
	expect(t, "in a mapping", word.Check(Cursor{}), syscall.EIO)
}

func TestNilPanicsInGo(t *testing.T) {
	var word *Word
	var cursor *Cursor
	for _, call := range []func(){
		func() { word.Sample() }, func() { word.Set(syscall.EIO) }, func() { word.Check(Cursor{}) },
		func() { new(Word).CheckAndAdvance(cursor) }, func() { new(Word).CheckShared(nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("nil was accepted")
				}
			}()
			call()
		}()
	}
}

func TestLayoutsAreThoseOfC(t *testing.T) {
	// Alone they are aligned to 4 on a 32-bit machine; Go's atomic.Uint64 inside aligns them to 8.
	var inside struct {
		first  byte
		word   Word64
		second byte
		shared SharedCursor64
		small  Word
	}
	for what, is := range map[string]bool{
		"Word":                  unsafe.Sizeof(Word{}) == 4,
		"SharedCursor":          unsafe.Sizeof(SharedCursor{}) == 4,
		"Word64":                unsafe.Sizeof(Word64{}) == 8,
		"SharedCursor64":        unsafe.Sizeof(SharedCursor64{}) == 8,
		"a Word64 in a struct":  unsafe.Offsetof(inside.word) == 8 && unsafe.Alignof(inside.word) == 8,
		"a shared one":          unsafe.Offsetof(inside.shared) == 24,
		"a Word64 in the heap":  uintptr(unsafe.Pointer(new(Word64)))%8 == 0,
		"a Word in a struct":    unsafe.Offsetof(inside.small) == 32,
		"an array of two words": unsafe.Sizeof([2]Word{}) == 8,
	} {
		if !is {
			t.Errorf("%s does not have the layout of C", what)
		}
	}
}

func TestOfAllGoroutinesWithOneSharedCursorOneGetsTheError(t *testing.T) {
	const goroutines, rounds = 4, 500
	var word Word64
	var shared SharedCursor64
	for round := 1; round <= rounds; round++ {
		var group sync.WaitGroup
		results := make([]error, goroutines)
		word.Set(syscall.Errno(round))
		for i := range results {
			group.Add(1)
			go func(result *error) {
				defer group.Done()
				*result = word.CheckAndAdvanceShared(&shared)
			}(&results[i])
		}
		group.Wait()
		got := 0
		for _, err := range results {
			if err != nil {
				expect(t, "a goroutine", err, syscall.Errno(round))
				got++
			}
		}
		if got != 1 {
			t.Fatalf("round %d: %d goroutines got the error", round, got)
		}
	}
}

// Also for the race detector, which takes each call into C for a synchronisation.
func TestWhoeverGetsAnErrorSeesWhatWasDoneBeforeIt(t *testing.T) {
	for round := 1; round < 200; round++ {
		var word Word
		note := 0
		go func() {
			note = round
			word.Set(syscall.EIO)
		}()
		for cursor := (Cursor{}); word.CheckAndAdvance(&cursor) == nil; {
		}
		if note != round {
			t.Fatalf("the note is %d, expected %d", note, round)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	var word Word
	cursor := word.Sample()
	for i := 0; i < b.N; i++ {
		if word.Check(cursor) != nil {
			b.Fatal("an error that nobody recorded")
		}
	}
}

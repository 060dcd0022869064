// SPDX-License-Identifier: MIT

//go:build linux

package errseq

import (
	"context"
	"errors"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func TestWaitEndsByAnError(t *testing.T) {
	var word Word
	cursor := word.Sample()
	said := make(chan error)
	go func() { said <- word.Wait(context.Background(), cursor) }()
	word.Set(syscall.ENOSPC)
	word.Wake()
	expect(t, "wait", <-said, nil)
	expect(t, "check", word.Check(cursor), syscall.ENOSPC)
}

func TestWaitEndsByItsContext(t *testing.T) {
	var word Word
	ctx, cancel := context.WithCancel(context.Background())
	said := make(chan error)
	go func() { said <- word.Wait(ctx, word.Sample()) }()
	cancel()
	expect(t, "cancelled", <-said, context.Canceled)
	ctx, cancel = context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	expect(t, "in time", word.Wait(ctx, Cursor{}), context.DeadlineExceeded)
}

func TestWaitSaysThatTheSystemRefuses(t *testing.T) {
	memory, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	expect(t, "mmap", err, nil)
	defer syscall.Munmap(memory)
	expect(t, "mprotect", syscall.Mprotect(memory, syscall.PROT_READ), nil)
	word, err := WordAt(memory, 0)
	expect(t, "a word that cannot be written", err, nil)
	if err := word.Wait(context.Background(), Cursor{}); !errors.Is(err, syscall.EFAULT) {
		t.Errorf("wait: %v, expected EFAULT", err)
	}
	if _, isOpen := <-word.Watch(context.Background(), Cursor{}); isOpen {
		t.Error("watch goes on")
	}
}

func TestWatchSendsEachErrorAndTakesNone(t *testing.T) {
	var word Word
	ctx, cancel := context.WithCancel(context.Background())
	events := word.Watch(ctx, word.Sample())
	for _, err := range []syscall.Errno{syscall.EIO, syscall.EIO, syscall.ENOSPC} {
		word.Set(err)
		word.Wake()
		event := <-events
		expect(t, "the event", event.Err, err)
		expect(t, "a newcomer before it is settled", word.Check(word.Sample()), err)
		if !word.Settle(event.At) {
			t.Error("the event cannot be settled")
		}
		expect(t, "a newcomer after it was settled", word.Check(word.Sample()), nil)
	}
	cancel()
	for range events {
		t.Error("an event that nobody recorded")
	}
}

func TestAWatchThatEndsLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	var idle, full Word
	full.Set(syscall.EIO)
	idle.Watch(ctx, Cursor{}) // waits
	full.Watch(ctx, Cursor{}) // has something to send, and nobody receives
	for !full.Load().Observed() {
		time.Sleep(time.Millisecond)
	}
	cancel()
	for runtime.NumGoroutine() > before {
		time.Sleep(time.Millisecond)
	}
}

func TestCAndGoWakeEachOther(t *testing.T) {
	p := newPeer(t, "ERRSEQ_PEER")
	word, err := WordAt(p.memory, 0)
	expect(t, "the word", err, nil)
	if said := p.call("wait 0 0"); said != "waiting" {
		t.Fatal(said)
	}
	for p.state() != 'S' {
	}
	word.Set(syscall.EIO)
	word.Wake()
	if said := p.answer(); said != "0" {
		t.Fatal(said)
	}
	ctx, cancel := context.WithCancel(context.Background())
	events := word.Watch(ctx, word.Peek())
	p.call("set 0 -28")
	p.call("wake 0")
	expect(t, "the event", (<-events).Err, syscall.ENOSPC)
	cancel()
	<-events // closed: nothing waits in the memory any more, so that it can be unmapped
}

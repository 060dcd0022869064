// SPDX-License-Identifier: MIT

//go:build linux

package errseq

/*
#include <errseq/wait.h>

// errseq_go_wait waits until there is a new error, for some milliseconds at most.
static int errseq_go_wait(errseq_t *word, errseq_cursor_t since, long milliseconds)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += milliseconds / 1000;
	deadline.tv_nsec += milliseconds % 1000 * 1000000;
	deadline.tv_sec += deadline.tv_nsec / 1000000000;
	deadline.tv_nsec %= 1000000000;
	return errseq_wait(word, since, &deadline);
}
*/
import "C"

import (
	"context"
	"fmt"
	"syscall"
)

// slice is how long a wait stays in C, in milliseconds. After that it looks whether its context is done.
const slice = 50

// Wait sleeps until Check would return an error. It changes nothing. It returns nil then, and the context's error if the
// context is done before; it notices that within 50 ms. If the system refuses to wait, it returns another error. It holds
// a thread while it sleeps.
func (w *Word) Wait(ctx context.Context, since Cursor) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch err := syscall.Errno(-C.errseq_go_wait(w.c(), C.errseq_cursor_t(since.bits), slice)); err {
		case 0:
			return nil
		case syscall.ETIMEDOUT, syscall.EINTR:
		default:
			return fmt.Errorf("errseq: the system refuses to wait: %w", err)
		}
	}
}

// Wake wakes all who wait. A recorder that may have waiters does this after each Set.
func (w *Word) Wake() {
	C.errseq_wake(w.c())
}

// Event is an error that came to a word.
type Event struct {
	Err error  // a syscall.Errno
	At  Cursor // its position: word.Settle(event.At) marks it reported
}

// Watch sends each new error since a position to a channel, the latest if several came. It takes none from others: an
// error counts as reported when the receiver settles it. The channel is closed when the context is done, or if the
// system refuses to wait; Wait says why.
func (w *Word) Watch(ctx context.Context, since Cursor) <-chan Event {
	events := make(chan Event)
	go func() {
		defer close(events)
		for w.Wait(ctx, since) == nil {
			at := w.Peek()
			if err := at.Err(); err != nil && !at.Same(since) {
				select {
				case events <- Event{err, at}:
				case <-ctx.Done():
					return
				}
			}
			since = at
		}
	}()
	return events
}

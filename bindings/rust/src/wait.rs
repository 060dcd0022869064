// SPDX-License-Identifier: MIT
//! Sleeping until an error comes. Only on 64-bit Linux: in a 32-bit program, Rust cannot know the size of C's time_t.

use crate::{Cursor, Word};
use std::io;
use std::ptr;
use std::time::Instant;

/// C's struct timespec, where long has 64 bits.
#[repr(C)]
struct Time {
    seconds: i64,
    nanoseconds: i64,
}

const CLOCK_MONOTONIC: i32 = 1;
const BILLION: i64 = 1_000_000_000;

extern "C" {
    fn clock_gettime(clock: i32, time: *mut Time) -> i32;
    fn errseq_wait(word: *mut u32, since: u32, deadline: *const Time) -> i32;
    fn errseq_wake(word: *mut u32);
}

impl Time {
    /// An instant on the clock of errseq_wait. Not earlier than the instant; at most as late as the clock can say.
    fn at(instant: Instant) -> Time {
        let left = instant.saturating_duration_since(Instant::now());
        let mut time = Time { seconds: 0, nanoseconds: 0 };
        // SAFETY: C writes one struct timespec.
        let result = unsafe { clock_gettime(CLOCK_MONOTONIC, &mut time) };
        assert_eq!(result, 0, "Linux has CLOCK_MONOTONIC");
        let nanoseconds = time.nanoseconds + i64::from(left.subsec_nanos());
        time.nanoseconds = nanoseconds % BILLION;
        time.seconds = time
            .seconds
            .saturating_add(i64::try_from(left.as_secs()).unwrap_or(i64::MAX))
            .saturating_add(nanoseconds / BILLION);
        time
    }
}

impl<T> Word<T> {
    /// Sleeps until [`check`](Self::check) would return an error. Changes nothing.
    ///
    /// An error of the kind `Interrupted` means that a signal handler ran; call it again. Another means that the
    /// system refuses to wait.
    ///
    /// ```
    /// # use liberrseq::{Errno, Word};
    /// # let word = Word::new();
    /// # let mut cursor = word.sample();
    /// # word.set(Errno::EIO);
    /// while let Err(error) = word.wait(&cursor) {
    ///     assert_eq!(error.kind(), std::io::ErrorKind::Interrupted, "waiting: {error}");
    /// }
    /// assert_eq!(word.check_and_advance(&mut cursor), Err(Errno::EIO));
    /// ```
    pub fn wait(&self, since: &Cursor<T>) -> io::Result<()> {
        // SAFETY: a live word. No deadline is allowed.
        result(unsafe { errseq_wait(self.as_ptr(), since.to_bits(), ptr::null()) })
    }

    /// As [`wait`](Self::wait), and returns an error of the kind `TimedOut` if there is none by the deadline.
    pub fn wait_until(&self, since: &Cursor<T>, deadline: Instant) -> io::Result<()> {
        // SAFETY: a live word, and a deadline that lives until the call returns.
        result(unsafe { errseq_wait(self.as_ptr(), since.to_bits(), &Time::at(deadline)) })
    }

    /// Wakes all who wait. A recorder that may have waiters does this after each [`set`](Self::set).
    pub fn wake(&self) {
        // SAFETY: a live word.
        unsafe { errseq_wake(self.as_ptr()) }
    }
}

fn result(returned: i32) -> io::Result<()> {
    match returned {
        0 => Ok(()),
        negated => Err(io::Error::from_raw_os_error(-negated)),
    }
}

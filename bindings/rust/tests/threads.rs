// SPDX-License-Identifier: MIT
//! Threads, processes and waiting. Also for ThreadSanitizer.

use liberrseq::{Errno, SharedCursor, SharedCursor64, Word, Word64};
use std::cell::UnsafeCell;
use std::sync::{Barrier, Mutex};
use std::thread;

fn errno(number: i32) -> Errno {
    Errno::new(number).expect("an errno")
}

macro_rules! one_of_all_gets_it {
    ($test:ident, $Word:ident, $Shared:ident) => {
        #[test]
        fn $test() {
            const THREADS: usize = 4;
            const ROUNDS: i32 = 500;
            let word = $Word::new();
            let shared = $Shared::at(&word.sample());
            let (barrier, got) = (Barrier::new(THREADS), Mutex::new(Vec::new()));
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        for round in 1..=ROUNDS {
                            if barrier.wait().is_leader() {
                                word.set(errno(round));
                            }
                            barrier.wait();
                            if let Err(error) = word.check_and_advance_shared(&shared) {
                                got.lock().unwrap().push(error.get());
                            }
                        }
                    });
                }
            });
            assert_eq!(got.into_inner().unwrap(), (1..=ROUNDS).collect::<Vec<_>>());
        }
    };
}

one_of_all_gets_it!(of_all_threads_with_one_shared_cursor_one_gets_the_error, Word, SharedCursor);
one_of_all_gets_it!(of_all_threads_with_one_shared_cursor_one_gets_the_error_64, Word64, SharedCursor64);

/// A note without any synchronisation of its own.
struct Note(UnsafeCell<i32>);
// SAFETY: it is written before the error is recorded, and read after the error was returned.
unsafe impl Sync for Note {}

impl Note {
    fn place(&self) -> *mut i32 {
        self.0.get()
    }
}

#[test]
fn whoever_gets_an_error_sees_what_was_done_before_it() {
    for round in 1..200 {
        let (word, note) = (Word::new(), Note(UnsafeCell::new(0)));
        thread::scope(|scope| {
            scope.spawn(|| {
                // SAFETY: nobody reads it before the error is recorded.
                unsafe { *note.place() = round }
                word.set(Errno::EIO);
            });
            let mut cursor = word.sample();
            while word.check_and_advance(&mut cursor).is_ok() {
                thread::yield_now();
            }
            // SAFETY: the error was returned, so that its recorder has written.
            assert_eq!(unsafe { *note.place() }, round);
        });
    }
}

#[test]
#[cfg(all(feature = "wait", target_os = "linux", target_pointer_width = "64"))]
fn wait_ends_by_an_error_or_its_deadline() {
    use std::io::ErrorKind::TimedOut;
    use std::time::{Duration, Instant};
    let word = Word::new();
    let mut cursor = word.sample();
    for deadline in [Instant::now(), Instant::now() + Duration::from_millis(5)] {
        let error = word.wait_until(&cursor, deadline).unwrap_err();
        assert_eq!(error.kind(), TimedOut, "{error}");
        assert!(Instant::now() >= deadline);
    }
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let in_a_century = Instant::now() + Duration::from_secs(100 * 365 * 86400);
            word.wait_until(&cursor, in_a_century).and_then(|()| word.wait(&cursor))
        });
        word.set(Errno::ENOSPC);
        word.wake();
        waiter.join().unwrap().unwrap();
    });
    assert_eq!(word.check_and_advance(&mut cursor), Err(Errno::ENOSPC));
}

#[test]
#[cfg(unix)]
fn a_forked_process_records_and_this_one_gets_it() {
    extern "C" {
        fn mmap(at: *mut u8, size: usize, access: i32, flags: i32, file: i32, offset: isize) -> *mut u8;
        fn fork() -> i32;
        fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
    }
    const READ_WRITE: i32 = 1 | 2;
    const SHARED_ANONYMOUS: i32 = if cfg!(target_os = "linux") { 1 | 0x20 } else { 1 | 0x1000 };
    // SAFETY: new memory that stays mapped, read and written by libErrseq only.
    let word: &Word64 = unsafe {
        let memory = mmap(std::ptr::null_mut(), 4096, READ_WRITE, SHARED_ANONYMOUS, -1, 0);
        assert_ne!(memory as isize, -1, "mmap");
        Word64::from_ptr(memory.add(8).cast())
    };
    let mut cursor = word.sample();
    // SAFETY: the child makes async-signal-safe calls only.
    unsafe {
        let child = fork();
        assert!(child >= 0, "fork");
        if child == 0 {
            word.set(Errno::ENOSPC);
            _exit(0);
        }
        let mut status = -1;
        assert_eq!((waitpid(child, &mut status, 0), status), (child, 0));
    }
    assert_eq!(word.check_and_advance(&mut cursor), Err(Errno::ENOSPC));
}

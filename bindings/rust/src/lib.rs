// SPDX-License-Identifier: MIT
//! Keep the latest asynchronous error in 4 bytes, and report it once to each observer: the C library libErrseq.
//!
//! A *word* is the shared record. It lives beside the thing that can fail, such as a file. A *cursor* is one observer's
//! position in the word's history. Each open handle has one.
//!
//! ```
//! use liberrseq::{Errno, Word};
//!
//! static WORD: Word = Word::new();
//!
//! let mut cursor = WORD.sample(); // open: take a position
//! WORD.set(Errno::EIO); // later, in the background: a write failed
//! assert_eq!(WORD.check(&cursor), Err(Errno::EIO)); // close: looks and changes nothing
//! assert_eq!(WORD.check_and_advance(&mut cursor), Err(Errno::EIO)); // fsync: the error,
//! assert_eq!(WORD.check_and_advance(&mut cursor), Ok(())); // only once
//! ```
//!
//! Each method is one call of the C library, whose header `errseq.h` says what it promises: guarantees, memory orders,
//! signal handlers. Nothing allocates, blocks (but `wait`) or panics (but `from_ptr`).
//!
//! # Cursors of different words
//!
//! A cursor means something to its own word only. Give words of different kinds a tag, and the compiler refuses a
//! cursor of the other kind:
//!
//! ```compile_fail,E0308
//! use liberrseq::Word;
//! struct Data;
//! struct Journal;
//! static DATA: Word<Data> = Word::tagged();
//! static JOURNAL: Word<Journal> = Word::tagged();
//!
//! let cursor = DATA.sample();
//! let _ = JOURNAL.check(&cursor); // error: expected Cursor<Journal>, found Cursor<Data>
//! ```
//!
//! It cannot tell two words of one kind apart, such as those of two files. Keep the cursor beside its word's handle.
//!
//! # Shared memory
//!
//! A word has the layout of C's `errseq_t`, holds no address, and all zeroes are valid. [`Word::from_ptr`] makes a
//! reference of an address in shared memory: tests/with_c.rs maps a file that a C program maps, too. Words and shared
//! cursors cannot be copied:
//!
//! ```compile_fail,E0599
//! let word = liberrseq::Word::new();
//! let copy = word.clone();
//! ```
//!
//! # Deliver first, then mark as reported
//!
//! ```
//! # use liberrseq::{Cursor, Errno, Word};
//! # fn deliver(_: Errno) -> bool { true }
//! fn report(word: &Word, since: &mut Cursor) {
//!     let at = word.peek();
//!     if at != *since && at.error().map_or(true, deliver) {
//!         word.settle(&at);
//!         *since = at;
//!     }
//! }
//! # let word = Word::new();
//! # let mut cursor = word.sample();
//! # word.set(Errno::EIO);
//! # report(&word, &mut cursor);
//! # assert!(word.check(&cursor).is_ok() && word.load().is_reported());
//! ```
#![no_std]
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]

#[cfg(feature = "std")]
extern crate std;

#[macro_use]
mod width;
mod errno;
mod sys;
#[cfg(all(feature = "wait", target_os = "linux", target_pointer_width = "64"))]
mod wait;

use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::AtomicU32;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64;
pub use errno::{Errno, InvalidErrno};
#[cfg(target_has_atomic = "64")]
use sys::w64;
use sys::{w32, FORMAT_SIZE};

width!(w32, u32, AtomicU32, Word, Cursor, SharedCursor, State, 4, "2^18");
#[cfg(target_has_atomic = "64")]
width!(w64, u64, AtomicU64, Word64, Cursor64, SharedCursor64, State64, 8, "2^50");

/// The program in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

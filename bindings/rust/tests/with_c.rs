// SPDX-License-Identifier: MIT
//! Against C: a C program on the other side of shared memory. ERRSEQ_PEER and ERRSEQ_PEER64 name the program of
//! tests/bindings/peer.c for each width.
#![cfg(unix)]

use liberrseq::{Cursor, Cursor64, Errno, SharedCursor, SharedCursor64, Word, Word64};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::io::AsRawFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

extern "C" {
    fn mmap(at: *mut u8, size: usize, access: i32, flags: i32, file: i32, offset: isize) -> *mut u8;
}

/// The C program, and the memory that it shares with this process.
struct Peer {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    memory: *mut u8,
}

impl Peer {
    fn new(variable: &str, test: &str) -> Option<Peer> {
        let program =
            std::env::var(variable).map_err(|_| println!("SKIP (part): {test}: {variable} is not set")).ok()?;
        let path = std::env::temp_dir().join(format!("liberrseq-{}-{test}", std::process::id()));
        let file: File = OpenOptions::new().read(true).write(true).create_new(true).open(&path).expect("a new file");
        file.set_len(4096).expect("room in the file");
        // SAFETY: new memory, which stays mapped. C and libErrseq alone use it.
        let memory = unsafe { mmap(std::ptr::null_mut(), 4096, 1 | 2, 1, file.as_raw_fd(), 0) };
        assert_ne!(memory as isize, -1, "mmap");
        let mut command = Command::new(&program);
        command.arg(&path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut peer = Peer { process, input, output, memory };
        peer.call("load 0"); // it has the file open by now
        std::fs::remove_file(path).expect("to remove the file");
        Some(peer)
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("an answer");
        line.trim_end().to_string()
    }

    fn call(&mut self, call: impl std::fmt::Display) -> String {
        writeln!(self.input.as_mut().expect("a pipe"), "{call}").expect("the peer to listen");
        self.answer()
    }

    /// R is running, S is asleep.
    #[cfg(all(feature = "wait", target_os = "linux", target_pointer_width = "64"))]
    fn state(&self) -> Option<char> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("/proc");
        text.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.process.wait();
    }
}

/// C's result: 0 or a negated errno.
fn c(result: Result<(), Errno>) -> String {
    result.map_or_else(|errno| -errno.get(), |()| 0).to_string()
}

fn c_bool(yes: bool) -> String {
    i32::from(yes).to_string()
}

/// xorshift64: the same numbers each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn of(&mut self, choices: u64) -> u64 {
        (self.next() >> 32) % choices
    }
}

macro_rules! with_c {
    ($module:ident, $variable:literal, $number:ident, $Word:ident, $Cursor:ident, $Shared:ident) => {
        mod $module {
            use super::*;

            fn place(peer: &Peer, offset: usize) -> (&'static $Word, &'static $Shared) {
                // SAFETY: inside of the peer's memory, which stays mapped.
                unsafe {
                    (
                        $Word::from_ptr(peer.memory.add(offset).cast()),
                        $Shared::from_ptr(peer.memory.add(offset + 8).cast()),
                    )
                }
            }

            #[test]
            fn c_records_and_rust_is_told_and_back() {
                let mut peer = match Peer::new($variable, concat!(stringify!($module), "-told")) {
                    Some(peer) => peer,
                    None => return,
                };
                let (word, shared) = place(&peer, 0);
                let mut cursor = word.sample();
                assert_eq!(peer.call("set 0 -5"), "0");
                assert_eq!(word.check_and_advance(&mut cursor), Err(Errno::EIO));
                word.set(Errno::ENOSPC);
                assert_eq!(peer.call(format!("check 0 {}", cursor.to_bits())), "-28");
                assert_eq!(peer.call("check_and_advance_shared 0 8"), "-28");
                assert_eq!(word.check_and_advance_shared(shared), Ok(()));
                assert_eq!(word.load().to_string(), "errno=28 reported observed count=1");
            }

            /// Random calls, here on one word and in C on another. Results, words and cursors are equal all the way.
            #[test]
            fn every_call_does_what_c_does() {
                let mut peer = match Peer::new($variable, concat!(stringify!($module), "-same")) {
                    Some(peer) => peer,
                    None => return,
                };
                let (word, shared) = place(&peer, 0);
                let (there, _) = place(&peer, 64);
                let mut chance = Chance(18);
                let (mut cursor, mut other) = ($Cursor::BEGINNING, $Cursor::BEGINNING);
                for _ in 0..5000 {
                    let (since, at) = (cursor.to_bits(), other.to_bits());
                    let (here, call) = match chance.of(16) {
                        0 => {
                            let errno = Errno::new([1, 5, 28, 4095][chance.of(4) as usize]).unwrap();
                            word.set(errno);
                            ("0".into(), format!("set 64 {}", -errno.get()))
                        }
                        1 => {
                            cursor = word.sample();
                            (cursor.to_bits().to_string(), "sample 64".into())
                        }
                        2 => {
                            other = word.peek();
                            (other.to_bits().to_string(), "peek 64".into())
                        }
                        3 => (c(word.check(&cursor)), format!("check 64 {since}")),
                        4 => {
                            let result = c(word.check_and_advance(&mut cursor));
                            (format!("{result} {}", cursor.to_bits()), format!("check_and_advance 64 {since}"))
                        }
                        5 => (c_bool(word.settle(&other)), format!("settle 64 {at}")),
                        6 => (c_bool(cursor == other), format!("cursor_same {since} {at}")),
                        7 => (c(cursor.error().map_or(Ok(()), Err)), format!("cursor_error {since}")),
                        8 => (c_bool(cursor.state().is_reported()), format!("cursor_reported {since}")),
                        9 => (c_bool(cursor.state().is_observed()), format!("cursor_observed {since}")),
                        10 => (cursor.state().count().to_string(), format!("cursor_count {since}")),
                        11 => {
                            cursor = shared.get();
                            (cursor.to_bits().to_string(), "shared_cursor_get 72".into())
                        }
                        12 => (c_bool(shared.move_to(&cursor, &other)), format!("shared_cursor_move 72 {since} {at}")),
                        13 => (c(word.check_shared(shared)), "check_shared 64 72".into()),
                        14 => (c(word.check_and_advance_shared(shared)), "check_and_advance_shared 64 72".into()),
                        _ => match chance.of(8) {
                            0 => {
                                word.init();
                                ("0".into(), "init 64".into())
                            }
                            1 => {
                                shared.init(&other);
                                ("0".into(), format!("shared_cursor_init 72 {at}"))
                            }
                            2 => {
                                cursor = $Cursor::from_bits(chance.next() as $number);
                                (cursor.state().to_string(), format!("format {}", cursor.to_bits()))
                            }
                            3 => {
                                // What only a long life, or no call, leaves.
                                let value = chance.next() as $number;
                                // SAFETY: live words, which the waiting peer does not use meanwhile.
                                unsafe {
                                    word.as_ptr().write_volatile(value);
                                    there.as_ptr().write_volatile(value);
                                }
                                (value.to_string(), "load 64".into())
                            }
                            _ => continue,
                        },
                    };
                    assert_eq!(here, peer.call(&call), "{call}");
                    assert_eq!(word.load(), there.load(), "{call}");
                    assert_eq!(shared.get().to_bits().to_string(), peer.call("shared_cursor_get 72"), "{call}");
                }
            }
        }
    };
}

with_c!(w32, "ERRSEQ_PEER", u32, Word, Cursor, SharedCursor);
with_c!(w64, "ERRSEQ_PEER64", u64, Word64, Cursor64, SharedCursor64);

#[test]
#[cfg(all(feature = "wait", target_os = "linux", target_pointer_width = "64"))]
fn c_and_rust_wake_each_other() {
    let mut peer = match Peer::new("ERRSEQ_PEER", "wake") {
        Some(peer) => peer,
        None => return,
    };
    // SAFETY: inside of the peer's memory, which stays mapped.
    let word: &Word = unsafe { Word::from_ptr(peer.memory.cast()) };
    assert_eq!(peer.call("wait 0 0"), "waiting");
    while peer.state() != Some('S') {
        std::thread::yield_now();
    }
    word.set(Errno::EIO);
    word.wake();
    assert_eq!(peer.answer(), "0");
    let cursor = word.peek();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| word.wait(&cursor));
        peer.call("set 0 -28");
        peer.call("wake 0");
        waiter.join().unwrap().unwrap();
    });
    assert_eq!(word.check(&cursor), Err(Errno::ENOSPC));
}

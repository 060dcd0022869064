// SPDX-License-Identifier: MIT
//! The C functions, by the same names for both widths. A word, a plain cursor and a shared cursor are pointers to their
//! number. C's int is i32 wherever the C library can be built.

macro_rules! functions {
    ($number:ty: $init:literal $set:literal $sample:literal $peek:literal $check:literal $check_and_advance:literal
     $settle:literal $load:literal $cursor_same:literal $cursor_error:literal $cursor_reported:literal
     $cursor_observed:literal $cursor_count:literal $format:literal $shared_cursor_init:literal
     $shared_cursor_get:literal $shared_cursor_move:literal $check_shared:literal
     $check_and_advance_shared:literal) => {
        extern "C" {
            #[link_name = $init]
            pub fn init(word: *mut $number);
            #[link_name = $set]
            pub fn set(word: *mut $number, err: i32) -> i32;
            #[link_name = $sample]
            pub fn sample(word: *const $number) -> $number;
            #[link_name = $peek]
            pub fn peek(word: *mut $number) -> $number;
            #[link_name = $check]
            pub fn check(word: *const $number, since: $number) -> i32;
            #[link_name = $check_and_advance]
            pub fn check_and_advance(word: *mut $number, since: *mut $number) -> i32;
            #[link_name = $settle]
            pub fn settle(word: *mut $number, at: $number) -> i32;
            #[link_name = $load]
            pub fn load(word: *const $number) -> $number;
            #[link_name = $cursor_same]
            pub fn cursor_same(a: $number, b: $number) -> i32;
            #[link_name = $cursor_error]
            pub fn cursor_error(cursor: $number) -> i32;
            #[link_name = $cursor_reported]
            pub fn cursor_reported(cursor: $number) -> i32;
            #[link_name = $cursor_observed]
            pub fn cursor_observed(cursor: $number) -> i32;
            #[link_name = $cursor_count]
            pub fn cursor_count(cursor: $number) -> $number;
            #[link_name = $format]
            pub fn format(cursor: $number, buffer: *mut u8, size: usize) -> i32;
            #[link_name = $shared_cursor_init]
            pub fn shared_cursor_init(cursor: *mut $number, at: $number);
            #[link_name = $shared_cursor_get]
            pub fn shared_cursor_get(cursor: *const $number) -> $number;
            #[link_name = $shared_cursor_move]
            pub fn shared_cursor_move(cursor: *mut $number, from: $number, to: $number) -> i32;
            #[link_name = $check_shared]
            pub fn check_shared(word: *const $number, since: *const $number) -> i32;
            #[link_name = $check_and_advance_shared]
            pub fn check_and_advance_shared(word: *mut $number, since: *mut $number) -> i32;
        }
    };
}

/// A buffer of this many bytes holds any text of format.
pub const FORMAT_SIZE: usize = 64;

pub mod w32 {
    functions! {
        u32: "errseq_init" "errseq_set" "errseq_sample" "errseq_peek" "errseq_check" "errseq_check_and_advance"
        "errseq_settle" "errseq_load" "errseq_cursor_same" "errseq_cursor_error" "errseq_cursor_reported"
        "errseq_cursor_observed" "errseq_cursor_count" "errseq_format" "errseq_shared_cursor_init"
        "errseq_shared_cursor_get" "errseq_shared_cursor_move" "errseq_check_shared"
        "errseq_check_and_advance_shared"
    }
}

#[cfg(target_has_atomic = "64")]
pub mod w64 {
    functions! {
        u64: "errseq64_init" "errseq64_set" "errseq64_sample" "errseq64_peek" "errseq64_check"
        "errseq64_check_and_advance" "errseq64_settle" "errseq64_load" "errseq64_cursor_same" "errseq64_cursor_error"
        "errseq64_cursor_reported" "errseq64_cursor_observed" "errseq64_cursor_count" "errseq64_format"
        "errseq64_shared_cursor_init" "errseq64_shared_cursor_get" "errseq64_shared_cursor_move"
        "errseq64_check_shared" "errseq64_check_and_advance_shared"
    }
}

// SPDX-License-Identifier: MIT
//! What the calls do, for both widths: W is a word, C a cursor, S a shared cursor of one width.

use liberrseq::{Cursor, Cursor64, Errno, InvalidErrno, SharedCursor, SharedCursor64, Word, Word64};
use std::mem::{align_of, size_of};

macro_rules! for_both_widths {
    ($($test:ident $body:block)*) => {
        mod w32 {
            use super::*;
            type W = Word;
            type C = Cursor;
            type S = SharedCursor;
            $(#[test] fn $test() $body)*
        }
        mod w64 {
            use super::*;
            type W = Word64;
            type C = Cursor64;
            type S = SharedCursor64;
            $(#[test] fn $test() $body)*
        }
    };
}

const EIO: Result<(), Errno> = Err(Errno::EIO);
const ENOSPC: Result<(), Errno> = Err(Errno::ENOSPC);

for_both_widths! {
    each_observer_gets_an_error_once {
        let word = W::new();
        let (mut alice, mut bob) = (word.sample(), word.sample());
        word.set(Errno::EIO);
        assert_eq!(word.check(&alice), EIO);
        assert_eq!(word.check(&alice), EIO);
        assert_eq!(word.check_and_advance(&mut alice), EIO);
        assert_eq!(word.check_and_advance(&mut alice), Ok(()));
        assert_eq!(word.check_and_advance(&mut bob), EIO);
        assert_eq!(word.check(&word.sample()), Ok(()));
    }

    peek_takes_nothing_from_others {
        let word = W::new();
        word.set(Errno::EIO);
        assert_eq!(word.check(&word.peek()), Ok(()));
        assert_eq!(word.check(&word.sample()), EIO);
    }

    settle_marks_its_own_error_only {
        let word = W::new();
        word.set(Errno::EIO);
        let at = word.peek();
        word.set(Errno::ENOSPC);
        assert!(!word.settle(&at));
        assert_eq!(word.check(&word.sample()), ENOSPC);
        assert!(word.settle(&word.peek()));
        assert_eq!(word.check(&word.sample()), Ok(()));
    }

    the_whole_counter_counts {
        let word = W::new();
        word.set(Errno::EIO);
        let at = word.peek();
        let another = C::from_bits(at.to_bits() ^ 1 << (8 * size_of::<C>() - 1));
        assert_ne!(at, another);
        assert!(!word.settle(&another));
        assert_eq!(word.check(&another), EIO);
        assert_eq!(word.check_shared(&S::at(&another)), EIO);
        assert!(!S::at(&at).move_to(&another, &at));
    }

    a_shared_cursor_gets_an_error_once {
        let word = W::new();
        word.set(Errno::EIO);
        let shared = S::at(&word.sample());
        assert_eq!(word.check_shared(&shared), EIO);
        assert_eq!(word.check_and_advance_shared(&shared), EIO);
        assert_eq!(word.check_and_advance_shared(&shared), Ok(()));
        word.set(Errno::ENOSPC);
        let (from, to) = (shared.get(), word.peek());
        assert!(shared.move_to(&from, &to));
        assert!(!shared.move_to(&from, &to));
        assert_eq!(word.check_shared(&shared), Ok(()));
        shared.init(&from);
        assert_eq!(word.check_shared(&shared), ENOSPC);
    }

    a_stored_position_goes_on {
        let word = W::new();
        word.set(Errno::EIO);
        let stored = C::from_bits(word.peek().to_bits());
        assert_eq!(word.check(&stored), Ok(()));
        word.set(Errno::ENOSPC);
        assert_eq!(word.check(&stored), ENOSPC);
        let mut advanced = stored.clone();
        assert_eq!(word.check_and_advance(&mut advanced), ENOSPC);
        assert_eq!(word.check(&stored), ENOSPC);
    }

    flags_do_not_make_positions_differ {
        let word = W::new();
        word.set(Errno::EIO);
        let peeked = word.peek();
        let mut advanced = C::BEGINNING;
        assert_ne!(peeked, advanced);
        let _ = word.check_and_advance(&mut advanced);
        assert_ne!(peeked.to_bits(), advanced.to_bits());
        assert_eq!(peeked, advanced);
    }

    state_says_what_the_word_holds {
        let word = W::new();
        assert_eq!(word.load().to_string(), "never set");
        for _ in 0..3 {
            word.set(Errno::EIO);
            let _ = word.check_and_advance(&mut C::default());
        }
        let state = word.load();
        assert_eq!((state.error(), state.is_reported(), state.is_observed()), (Some(Errno::EIO), true, true));
        assert_eq!(state.count(), 2);
        assert_eq!(state.to_string(), "errno=5 reported observed count=2");
        word.set(Errno::new(4095).unwrap());
        assert!(!word.load().is_reported() && !word.load().is_observed());
        assert!(format!("{word:?}").ends_with("(errno=4095 count=3)"), "{word:?}");
        word.init();
        assert_eq!(word.load().error(), None);
    }

    a_wrong_address_is_refused {
        for address in [0, 2, 0x1001] {
            // SAFETY: it panics before it makes a reference.
            let word = std::panic::catch_unwind(|| unsafe { W::from_ptr(address as *mut _).load() });
            assert!(word.is_err(), "{address:#x}");
            // SAFETY: likewise.
            let shared = std::panic::catch_unwind(|| unsafe { S::from_ptr(address as *mut _).get() });
            assert!(shared.is_err(), "{address:#x}");
        }
    }
}

#[test]
fn an_errno_out_of_range_is_refused() {
    for wrong in [0, -5, 4096, i32::MIN, i32::MAX] {
        assert_eq!(Errno::try_from(wrong), Err(InvalidErrno(wrong)));
        let said = InvalidErrno(wrong).to_string();
        assert!(said.starts_with(&format!("{wrong} cannot be recorded")) && said.contains("1 to 4095"), "{said}");
    }
    assert_eq!(Errno::new(1).map(Errno::get), Some(1));
    assert_eq!(Errno::new(Errno::MAX).map(Errno::get), Some(4095));
}

#[test]
#[cfg(feature = "std")]
fn errors_become_io_errors_and_back() {
    use std::io;
    let fsync = |word: &Word, cursor: &mut Cursor| -> io::Result<()> { Ok(word.check_and_advance(cursor)?) };
    let word = Word::new();
    let mut cursor = word.sample();
    word.set(Errno::from_io(&io::Error::from_raw_os_error(28)));
    let error = fsync(&word, &mut cursor).unwrap_err();
    assert_eq!((error.raw_os_error(), Errno::from_io(&error)), (Some(28), Errno::ENOSPC));
    assert_eq!(Errno::from_io(&io::Error::new(io::ErrorKind::Other, "no errno")), Errno::EIO);
    assert_eq!(Errno::from_io(&io::Error::from_raw_os_error(100_000)), Errno::EIO);
    assert!(fsync(&word, &mut cursor).is_ok());
}

#[test]
fn layouts_are_those_of_c() {
    assert_eq!((size_of::<Word>(), align_of::<Word>()), (4, 4));
    assert_eq!((size_of::<SharedCursor>(), align_of::<SharedCursor>()), (4, 4));
    assert_eq!(size_of::<Cursor>(), 4);
    assert_eq!((size_of::<Word64>(), align_of::<Word64>()), (8, 8));
    assert_eq!((size_of::<SharedCursor64>(), align_of::<SharedCursor64>()), (8, 8));
}

#[test]
fn all_types_may_go_to_other_threads_whatever_the_tag() {
    struct Local(#[allow(dead_code)] *const ());
    fn of_threads<T: Send + Sync + Unpin + std::panic::RefUnwindSafe>() {}
    of_threads::<Word<Local>>();
    of_threads::<Word64<Local>>();
    of_threads::<Cursor<Local>>();
    of_threads::<SharedCursor<Local>>();
    static WORD: Word<Local> = Word::tagged();
    static SHARED: SharedCursor<Local> = SharedCursor::at(&Cursor::BEGINNING);
    assert_eq!(WORD.check_shared(&SHARED), Ok(()));
}

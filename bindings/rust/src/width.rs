// SPDX-License-Identifier: MIT
//! Word, cursor, shared cursor and state: one text for both widths.

macro_rules! width {
    ($calls:ident, $number:ident, $atomic:ident, $Word:ident, $Cursor:ident, $SharedCursor:ident, $State:ident,
     $bytes:literal, $steps:literal) => {
        #[doc = concat!("The shared record: ", $bytes, " bytes. Its counter wraps after ", $steps, " steps.")]
        ///
        /// Threads, signal handlers, and processes that map it may use it at once. It cannot be copied. `T` is a name
        /// for the kind of word: see [the crate](crate#cursors-of-different-words).
        #[repr(transparent)]
        pub struct $Word<T = ()> {
            value: $atomic,
            kind: PhantomData<fn() -> T>,
        }

        /// One observer's position in the history of a word: a number that may be stored.
        ///
        /// Two cursors are equal if they are the same position. What others have observed or reported since makes no
        /// difference. It is no `Copy`, so that no copy is advanced by accident.
        #[repr(transparent)]
        pub struct $Cursor<T = ()> {
            bits: $number,
            kind: PhantomData<fn() -> T>,
        }

        /// A cursor that several threads may use at once without a lock, and so may processes that map it.
        #[repr(transparent)]
        pub struct $SharedCursor<T = ()> {
            value: $atomic,
            kind: PhantomData<fn() -> T>,
        }

        /// What a word or a cursor holds, for diagnosis. Its text is such as `errno=5 reported observed count=3`.
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $State($number);

        impl $Word {
            /// A word in which nothing was ever recorded.
            pub const fn new() -> Self {
                Self::tagged()
            }
        }

        impl<T> $Word<T> {
            /// As [`new`](Self::new), for a word with a tag.
            pub const fn tagged() -> Self {
                Self { value: $atomic::new(0), kind: PhantomData }
            }

            /// The word at an address, such as one in shared memory. All zeroes are a valid word.
            ///
            /// # Safety
            /// For all of `'a` there must be memory at `word` that can be read and written. Whatever else uses it
            /// meanwhile, here or in another process, must do so by libErrseq or by atomic operations of this width.
            ///
            /// # Panics
            /// If the address is null or not aligned.
            pub unsafe fn from_ptr<'a>(word: *mut $number) -> &'a Self {
                let address = word as usize;
                assert!(address != 0 && address % $bytes == 0, "no word can be at the address {address:#x}");
                // SAFETY: not null and aligned, as just checked. The caller promises the rest. The layout is that of
                // the atomic, of which any value is valid.
                unsafe { &*word.cast() }
            }

            /// The address, to give to C as the word.
            pub const fn as_ptr(&self) -> *mut $number {
                // The atomic allows writes through a shared reference.
                (&self.value as *const $atomic).cast::<$number>() as *mut $number
            }

            /// Makes the word say that nothing was ever recorded. Nobody else may use it meanwhile, and cursors of its
            /// former history mean nothing from then on.
            pub fn init(&self) {
                // SAFETY: as_ptr is a live word. This holds for all calls below, too.
                unsafe { $calls::init(self.as_ptr()) }
            }

            /// Records an error. First make the data clean, or drop it; then call this.
            pub fn set(&self, error: Errno) {
                // SAFETY: a live word.
                let result = unsafe { $calls::set(self.as_ptr(), -error.get()) };
                debug_assert_eq!(result, 0, "an Errno is in range");
            }

            /// Takes a position, for open. An error that was reported to nobody yet is still new to it.
            #[must_use]
            pub fn sample(&self) -> $Cursor<T> {
                // SAFETY: a live word.
                $Cursor::from_bits(unsafe { $calls::sample(self.as_ptr()) })
            }

            /// Takes a position after all errors so far, and leaves them to others.
            #[must_use]
            pub fn peek(&self) -> $Cursor<T> {
                // SAFETY: a live word.
                $Cursor::from_bits(unsafe { $calls::peek(self.as_ptr()) })
            }

            /// Returns the error since a position, if any. It changes nothing: a second call returns the same.
            pub fn check(&self, since: &$Cursor<T>) -> Result<(), Errno> {
                // SAFETY: a live word.
                Errno::result(unsafe { $calls::check(self.as_ptr(), since.bits) })
            }

            /// Returns the error since a position once, marks it reported, and advances the cursor. For fsync.
            pub fn check_and_advance(&self, since: &mut $Cursor<T>) -> Result<(), Errno> {
                // SAFETY: a live word, and a plain number that is borrowed for this call alone.
                Errno::result(unsafe { $calls::check_and_advance(self.as_ptr(), &mut since.bits) })
            }

            /// Marks the error at a position as reported, after it was delivered. Returns false, and changes nothing,
            /// if the word has moved on.
            pub fn settle(&self, at: &$Cursor<T>) -> bool {
                // SAFETY: a live word.
                unsafe { $calls::settle(self.as_ptr(), at.bits) != 0 }
            }

            /// As [`check`](Self::check), through a shared cursor.
            pub fn check_shared(&self, since: &$SharedCursor<T>) -> Result<(), Errno> {
                // SAFETY: a live word, and a live shared cursor.
                Errno::result(unsafe { $calls::check_shared(self.as_ptr(), since.as_ptr()) })
            }

            /// As [`check_and_advance`](Self::check_and_advance), through a shared cursor. Of all who call it at once,
            /// one gets the error.
            pub fn check_and_advance_shared(&self, since: &$SharedCursor<T>) -> Result<(), Errno> {
                // SAFETY: a live word, and a live shared cursor.
                Errno::result(unsafe { $calls::check_and_advance_shared(self.as_ptr(), since.as_ptr()) })
            }

            /// What the word holds. It is not a position: take one by [`sample`](Self::sample) or
            /// [`peek`](Self::peek).
            pub fn load(&self) -> $State {
                // SAFETY: a live word.
                $State(unsafe { $calls::load(self.as_ptr()) })
            }
        }

        impl<T> $Cursor<T> {
            /// The position before all errors: whatever error is in the word is new to it.
            pub const BEGINNING: Self = Self::from_bits(0);

            /// A position that was stored. It means something only to the word that it was taken from.
            pub const fn from_bits(bits: $number) -> Self {
                Self { bits, kind: PhantomData }
            }

            /// The position as a number, to store it.
            pub const fn to_bits(&self) -> $number {
                self.bits
            }

            /// The error that the cursor stands on; `None` at the beginning.
            pub fn error(&self) -> Option<Errno> {
                self.state().error()
            }

            /// What the cursor holds.
            pub const fn state(&self) -> $State {
                $State(self.bits)
            }
        }

        impl $SharedCursor {
            /// A shared cursor at the beginning: whatever error is in the word is new to it.
            pub const fn new() -> Self {
                Self::at(&$Cursor::BEGINNING)
            }
        }

        impl<T> $SharedCursor<T> {
            /// A shared cursor at a position.
            pub const fn at(position: &$Cursor<T>) -> Self {
                Self { value: $atomic::new(position.bits), kind: PhantomData }
            }

            /// The shared cursor at an address, such as one in shared memory. All zeroes stand at the beginning.
            ///
            /// # Safety
            /// As for the word's `from_ptr`.
            ///
            /// # Panics
            /// If the address is null or not aligned.
            pub unsafe fn from_ptr<'a>(cursor: *mut $number) -> &'a Self {
                let address = cursor as usize;
                assert!(address != 0 && address % $bytes == 0, "no shared cursor can be at the address {address:#x}");
                // SAFETY: as in the word's from_ptr.
                unsafe { &*cursor.cast() }
            }

            /// The address, to give to C as the shared cursor.
            pub const fn as_ptr(&self) -> *mut $number {
                // The atomic allows writes through a shared reference.
                (&self.value as *const $atomic).cast::<$number>() as *mut $number
            }

            /// Sets it to a position, while nobody else uses it.
            pub fn init(&self, position: &$Cursor<T>) {
                // SAFETY: as_ptr is a live shared cursor, here and below.
                unsafe { $calls::shared_cursor_init(self.as_ptr(), position.bits) }
            }

            /// Where it stands.
            #[must_use]
            pub fn get(&self) -> $Cursor<T> {
                // SAFETY: a live shared cursor.
                $Cursor::from_bits(unsafe { $calls::shared_cursor_get(self.as_ptr()) })
            }

            /// Moves it to a position from `peek`, if it still stands on `from`, which `get` returned before that
            /// `peek`. Returns whether it moved.
            #[must_use]
            pub fn move_to(&self, from: &$Cursor<T>, to: &$Cursor<T>) -> bool {
                // SAFETY: a live shared cursor.
                unsafe { $calls::shared_cursor_move(self.as_ptr(), from.bits, to.bits) != 0 }
            }
        }

        impl $State {
            /// The error; `None` if nothing was ever recorded.
            pub fn error(self) -> Option<Errno> {
                // SAFETY: a function of a number. This holds for all calls below, too.
                Errno::result(unsafe { $calls::cursor_error(self.0) }).err()
            }

            /// Whether the error was reported to somebody.
            pub fn is_reported(self) -> bool {
                // SAFETY: a function of a number.
                unsafe { $calls::cursor_reported(self.0) != 0 }
            }

            /// Whether a cursor may stand on the error.
            pub fn is_observed(self) -> bool {
                // SAFETY: a function of a number.
                unsafe { $calls::cursor_observed(self.0) != 0 }
            }

            /// The counter. It moves when an error follows one that somebody observed.
            pub fn count(self) -> $number {
                // SAFETY: a function of a number.
                unsafe { $calls::cursor_count(self.0) }
            }
        }

        impl fmt::Display for $State {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; FORMAT_SIZE];
                // SAFETY: C writes no more than the size that it is given.
                let length = unsafe { $calls::format(self.0, text.as_mut_ptr(), FORMAT_SIZE) };
                f.pad(core::str::from_utf8(&text[..length as usize]).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $State {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($State), "({})"), self)
            }
        }

        impl<T> fmt::Debug for $Word<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($Word), "({})"), self.load())
            }
        }

        impl<T> fmt::Debug for $Cursor<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($Cursor), "({})"), self.state())
            }
        }

        impl<T> fmt::Debug for $SharedCursor<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($SharedCursor), "({})"), self.get().state())
            }
        }

        impl<T> Default for $Word<T> {
            fn default() -> Self {
                Self::tagged()
            }
        }

        impl<T> Default for $Cursor<T> {
            fn default() -> Self {
                Self::BEGINNING
            }
        }

        impl<T> Default for $SharedCursor<T> {
            fn default() -> Self {
                Self::at(&$Cursor::BEGINNING)
            }
        }

        impl<T> Clone for $Cursor<T> {
            fn clone(&self) -> Self {
                Self::from_bits(self.bits)
            }
        }

        impl<T> PartialEq for $Cursor<T> {
            fn eq(&self, other: &Self) -> bool {
                // SAFETY: a function of two numbers.
                unsafe { $calls::cursor_same(self.bits, other.bits) != 0 }
            }
        }

        impl<T> Eq for $Cursor<T> {}
    };
}

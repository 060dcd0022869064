// SPDX-License-Identifier: MIT
//! The errors that a word can hold.

use core::fmt;
use core::num::NonZeroI32;

/// An error that a word can hold: an errno from 1 to [`Errno::MAX`].
///
/// ```
/// use liberrseq::Errno;
///
/// assert_eq!(Errno::new(5), Some(Errno::EIO));
/// assert_eq!(Errno::new(-5), None); // in C errors are negated, here they are not
/// assert_eq!(Errno::EIO.get(), 5);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Errno(NonZeroI32);

impl Errno {
    /// The largest errno that a word can hold.
    pub const MAX: i32 = 4095;

    /// EIO, which is 5 on every system.
    pub const EIO: Errno = Errno::constant(5);

    /// ENOSPC, which is 28 on every system.
    pub const ENOSPC: Errno = Errno::constant(28);

    /// The error with this number, or `None` if a word cannot hold it.
    pub const fn new(errno: i32) -> Option<Errno> {
        match NonZeroI32::new(errno) {
            Some(number) if errno > 0 && errno <= Errno::MAX => Some(Errno(number)),
            _ => None,
        }
    }

    const fn constant(errno: i32) -> Errno {
        match Errno::new(errno) {
            Some(errno) => errno,
            None => panic!("this is not an errno"),
        }
    }

    /// The number, from 1 to [`Errno::MAX`].
    pub const fn get(self) -> i32 {
        self.0.get()
    }

    /// What the C library returned: 0 or a negated errno.
    pub(crate) fn result(returned: i32) -> Result<(), Errno> {
        match Errno::new(returned.wrapping_neg()) {
            Some(errno) => Err(errno),
            None => Ok(()),
        }
    }

    /// The errno in an I/O error, or [`Errno::EIO`] if there is none that a word can hold.
    ///
    /// ```
    /// let failed = std::fs::File::open("/nowhere").unwrap_err();
    /// assert_eq!(liberrseq::Errno::from_io(&failed).get(), 2);
    /// ```
    #[cfg(feature = "std")]
    pub fn from_io(error: &std::io::Error) -> Errno {
        error.raw_os_error().and_then(Errno::new).unwrap_or(Errno::EIO)
    }
}

/// A number that is no errno that a word can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidErrno(
    /// The number.
    pub i32,
);

impl TryFrom<i32> for Errno {
    type Error = InvalidErrno;

    fn try_from(errno: i32) -> Result<Errno, InvalidErrno> {
        Errno::new(errno).ok_or(InvalidErrno(errno))
    }
}

impl fmt::Display for InvalidErrno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be recorded: an errno is 1 to {}, and positive in Rust", self.0, Errno::MAX)
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Errno({})", self.get())
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "std")]
        return std::io::Error::from(*self).fmt(f);
        #[cfg(not(feature = "std"))]
        write!(f, "errno {}", self.get())
    }
}

#[cfg(feature = "std")]
impl std::error::Error for Errno {}

#[cfg(feature = "std")]
impl std::error::Error for InvalidErrno {}

#[cfg(feature = "std")]
impl From<Errno> for std::io::Error {
    fn from(errno: Errno) -> std::io::Error {
        std::io::Error::from_raw_os_error(errno.get())
    }
}

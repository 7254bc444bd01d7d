// SPDX-License-Identifier: MIT OR Apache-2.0

//! About the library

use crate::constants::*;
use core::{ptr, slice};
use libc::{c_char, c_uint, size_t};

/// ZS_VERSION, which build.rs prints into the header from the same place: Cargo.toml.
const VERSION: u32 = (number(env!("CARGO_PKG_VERSION_MAJOR")) << 16)
    | (number(env!("CARGO_PKG_VERSION_MINOR")) << 8)
    | number(env!("CARGO_PKG_VERSION_PATCH"));

/// Returns the version of the library in use, which may be newer than the header.
///
/// @return ZS_VERSION of that library
///
/// @since 0.1
#[no_mangle]
pub extern "C" fn zs_version() -> c_uint {
    VERSION
}

/// Returns the name of a mechanism.
///
/// @param one_via  one bit of ZS_VIA_*
/// @return "clone", "copy_file_range", "sendfile", "splice", "tee" or "read/write", a static
///         string; NULL if `one_via` is not exactly one of these bits
///
/// @since 0.1
#[no_mangle]
pub extern "C" fn zs_via_name(one_via: u32) -> *const c_char {
    via_name(one_via).map_or(ptr::null(), |name| name.as_ptr().cast())
}

/// Writes the names of a set of mechanisms: "clone, read/write". Nothing is allocated, so a signal
/// handler may call it.
///
/// @param via   ZS_VIA_*; a bit that the library does not know is written as a number: "0x40"
/// @param text  where to write; at most `size` bytes are written, the last of them 0; NULL: nothing
///              is written
/// @param size  size of `text`
/// @return length of the whole text, which has been cut if `size` is not larger
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_via_names(via: u32, text: *mut c_char, size: size_t) -> size_t {
    // SAFETY: zsplice.h asks for NULL, or `size` bytes that nobody else uses until we return.
    let mut text = unsafe { Text::new(text, size) };
    text.list(via);
    text.finish()
}

/// A text that is written into the caller's memory as far as it fits, as by snprintf(3).
struct Text<'a> {
    into: &'a mut [u8],
    /// Of the whole text, also where it did not fit.
    len: usize,
}

impl Text<'_> {
    /// # Safety
    ///
    /// `into` is null, or memory for `size` bytes that nobody else uses while the text lives.
    unsafe fn new<'a>(into: *mut c_char, size: usize) -> Text<'a> {
        // More than the names of all the bits; a caller who knows that it fits may pass SIZE_MAX.
        const MOST: usize = 1024;
        let into = match size.min(MOST) {
            0 => &mut [],
            _ if into.is_null() => &mut [],
            // SAFETY: it is not null, and the caller vouches for the bytes. They need not be initialized:
            // they are only written.
            size => unsafe { slice::from_raw_parts_mut(into.cast::<u8>(), size) },
        };
        Text { into, len: 0 }
    }

    /// The names of the bits of `via`, with commas between them.
    fn list(&mut self, via: u32) {
        if via == 0 {
            self.add(b"nothing");
        }
        let is_set = |place: &u32| via & 1 << place != 0;
        for place in (0..u32::BITS).filter(is_set) {
            if self.len > 0 {
                self.add(b", ");
            }
            match via_name(1 << place) {
                Some(name) => self.add(name),
                None => self.add_number(place),
            }
        }
    }

    /// The number whose only bit is at `place`, in hexadecimal.
    fn add_number(&mut self, place: u32) {
        self.add(b"0x");
        self.add(&[b'0' | 1 << (place % 4)]);
        (0..place / 4).for_each(|_| self.add(b"0"));
    }

    #[inline(never)]
    fn add(&mut self, bytes: &[u8]) {
        let free = self.into.get_mut(self.len..).unwrap_or_default();
        free.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.len = self.len.saturating_add(bytes.len());
    }

    /// Ends the text with a 0, in place of its last byte if it has been cut, and returns its length.
    fn finish(self) -> usize {
        let last = self.into.len().saturating_sub(1);
        if let Some(end) = self.into.get_mut(self.len.min(last)) {
            *end = 0;
        }
        self.len
    }
}

/// The number that these decimal digits spell.
const fn number(digits: &str) -> u32 {
    let mut digits = digits.as_bytes();
    let mut number: u32 = 0;
    while let [digit, rest @ ..] = digits {
        number = number.wrapping_mul(10).wrapping_add((*digit & 0xf) as u32);
        digits = rest;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_a_decimal_number() {
        assert_eq!([number("0"), number("7"), number("120")], [0, 7, 120]);
    }
}

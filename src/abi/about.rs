// SPDX-License-Identifier: MIT OR Apache-2.0

//! About the library

use crate::constants::*;
use core::ffi::CStr;
use core::ptr;
use libc::{c_char, c_uint};

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
    name(one_via).map_or(ptr::null(), CStr::as_ptr)
}

const fn name(one_via: u32) -> Option<&'static CStr> {
    Some(match one_via {
        ZS_VIA_CLONE => c"clone",
        ZS_VIA_COPY_RANGE => c"copy_file_range",
        ZS_VIA_SENDFILE => c"sendfile",
        ZS_VIA_SPLICE => c"splice",
        ZS_VIA_TEE => c"tee",
        ZS_VIA_READ_WRITE => c"read/write",
        _ => return None,
    })
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

//! About the library

use crate::constants::*;
use core::ffi::CStr;
use core::ptr;
use libc::{c_char, c_uint};

/// The version of this header: major.
pub const ZS_VERSION_MAJOR: u32 = 0;
/// The version of this header: minor.
pub const ZS_VERSION_MINOR: u32 = 1;
/// The version of this header: patch.
pub const ZS_VERSION_PATCH: u32 = 0;
/// The version of this header, in one number that can be compared.
pub const ZS_VERSION: u32 = (ZS_VERSION_MAJOR << 16) | (ZS_VERSION_MINOR << 8) | ZS_VERSION_PATCH;

/// Tells the version of the library in use, which may be newer than the header.
///
/// @return that library's ZS_VERSION
///
/// @since 0.1
#[no_mangle]
pub extern "C" fn zs_version() -> c_uint {
    ZS_VERSION
}

/// Names a mechanism.
///
/// @param one_via  one bit of ZS_VIA_*
/// @return "clone", "copy_file_range", "sendfile", "splice", "tee" or "read/write", which is never
///         to be freed; NULL for anything but one bit of those
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

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The environment.

use core::ffi::CStr;

/// secure_getenv(3), which musl lacks: getenv(3), but None in a program with raised privileges.
pub(crate) fn secure_getenv(name: &CStr) -> Option<&'static CStr> {
    // SAFETY: the argument is a number, and getauxval only reads what the kernel gave the process.
    if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
        return None;
    }
    // SAFETY: getenv reads the name, which ends with a NUL and lives until the call returns.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: a pointer from getenv that is not null is to a string that ends with a NUL. It stays
    // valid until somebody changes that variable (which getenv(3) forbids while others read it).
    Some(unsafe { CStr::from_ptr(value) })
}

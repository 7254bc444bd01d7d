//! What the process was started with.

use core::ffi::CStr;

/// getenv(3); None also where the program runs with raised privileges, as secure_getenv(3) has it.
pub(crate) fn getenv(name: &CStr) -> Option<&'static CStr> {
    // SAFETY: a look at what the kernel has left with the process.
    if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
        return None;
    }
    // SAFETY: the name ends with a NUL.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: it is not null, so it is a string of the environment's, which stays for as long as
    // nobody changes that variable. We read it once, in the first call.
    Some(unsafe { CStr::from_ptr(value) })
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bridge: both directions at once

use super::options::{self, with_options, zs_options};
use super::types::{write_results, zs_result};
use crate::engine::bridge::{self, Bridged};
use crate::errno;
use libc::c_int;

/// Moves bytes from `in_a` to `out_b` and from `in_b` to `out_a`, in the calling thread, until
/// both directions are over.
///
/// When an input has ended and every byte of it is delivered, its output is shut down
/// (shutdown(2)) if it is a socket, and the other direction goes on (unless ZS_EITHER_END). The
/// other direction also goes on when an input or an output fails; only a connection error, such as
/// a reset, ends both directions of that connection. A timeout or a cancel ends each direction that
/// has not ended yet.
///
/// @param in_a     descriptor to read side a from; a socket is both `in_a` and `out_a`
/// @param out_a    descriptor to write side a to
/// @param in_b     descriptor to read side b from; a socket is both `in_b` and `out_b`
/// @param out_b    descriptor to write side b to
/// @param options  options of the transfer; NULL: the defaults
/// @param results  two outcomes, first from a to b, then from b to a; may be NULL
/// @return 0 if both inputs have ended, or -1 with the error of the direction that failed first
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_bridge(
    in_a: c_int,
    out_a: c_int,
    in_b: c_int,
    out_b: c_int,
    options: *const zs_options,
    results: *mut zs_result,
) -> c_int {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for options that are NULL, or as large as they say.
    let options = unsafe { options::read(options) };
    let Bridged { results: both, end } =
        with_options(options, |options| bridge::bridge((in_a, out_a), (in_b, out_b), options))
            .unwrap_or_else(Bridged::refused);
    // SAFETY: zsplice.h asks for NULL, or two results that nobody else uses.
    unsafe { write_results(results, &both) };
    saved.to_c(end.map(|()| 0).map_err(|error| error.errno))
}

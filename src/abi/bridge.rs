//! Bridge: both directions at once

use super::options::{self, zs_options};
use super::types::{store, zs_result};
use crate::engine::{bridge, Options, Progress};
use crate::errno::answer;
use libc::c_int;

/// Moves what comes from `in_a` to `out_b` and what comes from `in_b` to `out_a`, in the calling
/// thread, until both have ended.
///
/// The end of an input is passed on by shutdown(2), once every byte before it is delivered, where the
/// output is a socket; the other direction goes on (unless ZS_EITHER_END). An error, a timeout or a
/// cancel ends both directions.
///
/// @param in_a     where the one direction comes from; of a socket, the same as `out_a`
/// @param out_a    where the other goes to
/// @param in_b     where the other comes from; of a socket, the same as `out_b`
/// @param out_b    where the one goes to
/// @param options  how; NULL: the defaults
/// @param results  what became of each, first from a to b, then from b to a; may be NULL
/// @return 0, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_bridge(
    in_a: c_int,
    out_a: c_int,
    in_b: c_int,
    out_b: c_int,
    options: *const zs_options,
    results: *mut zs_result,
) -> c_int {
    // SAFETY: zsplice.h asks for options that are NULL, or as large as they say.
    let options = unsafe { options::read(options) };
    let bridge = |options: Options<'_>| bridge::bridge((in_a, out_a), (in_b, out_b), options);
    answer(|| {
        let [a, b] = options::with(options, |errno| [Progress::refused(errno); 2], bridge);
        // SAFETY: zsplice.h asks for NULL, or two results that are ours until we return.
        unsafe { store(results, 0, a) };
        // SAFETY: likewise.
        unsafe { store(results, 1, b) };
        a.end.and(b.end).map(|()| 0).map_err(|error| error.errno)
    })
}

//! ZSPLICE_AVOID: mechanisms not to be used, for programs that cannot be changed.

use crate::constants::*;
use crate::sys;
use core::sync::atomic::{AtomicU32, Ordering};

/// Set once the environment has been read.
const READ: u32 = 1 << 31;

static BY_ENVIRONMENT: AtomicU32 = AtomicU32::new(0);

const WORDS: [(&[u8], u32); 5] = [
    (b"clone", ZS_VIA_CLONE),
    (b"copy_file_range", ZS_VIA_COPY_RANGE),
    (b"sendfile", ZS_VIA_SENDFILE),
    (b"splice", ZS_VIA_SPLICE),
    (b"tee", ZS_VIA_TEE),
];

/// What the environment said at the first call. Two threads may both read it; they read the same.
pub(crate) fn by_environment() -> u32 {
    let known = BY_ENVIRONMENT.load(Ordering::Relaxed);
    if known & READ != 0 {
        return known & !READ;
    }
    let avoid = sys::getenv(c"ZSPLICE_AVOID").map_or(0, |value| words(value.to_bytes()));
    BY_ENVIRONMENT.store(avoid | READ, Ordering::Relaxed);
    avoid
}

/// A list of words between commas; unknown ones are ignored.
fn words(list: &[u8]) -> u32 {
    list.split(|&byte| byte == b',').fold(0, |avoid, word| {
        let word = word.trim_ascii();
        avoid | WORDS.iter().find(|(name, _)| *name == word).map_or(0, |(_, bit)| *bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_words_between_commas() {
        assert_eq!(words(b""), 0);
        assert_eq!(words(b"splice"), ZS_VIA_SPLICE);
        assert_eq!(
            words(b"clone, tee,nonsense,,sendfile"),
            ZS_VIA_CLONE | ZS_VIA_TEE | ZS_VIA_SENDFILE
        );
        assert_eq!(words(b"splicetee copy_file_range"), 0);
    }
}

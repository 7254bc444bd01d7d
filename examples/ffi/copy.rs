// SPDX-License-Identifier: MIT OR Apache-2.0

//! Copies a file through declarations by hand, with a safe function around them:
//! `rustc --edition 2021 copy.rs $(pkg-config --libs zsplice) && ./copy INPUT OUTPUT [MOST]`.
//! More than MOST bytes are an error.

use std::ffi::{c_char, c_int, c_void};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd as _};
use std::os::unix::net::UnixStream;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::OnceLock;
use std::{env, process, ptr, thread};

/// `struct zs_result`.
#[repr(C)]
#[derive(Default, Debug)]
pub struct Outcome {
    pub bytes: u64,
    pub in_flight: u64,
    pub copied: u64,
    pub holes: u64,
    pub via: u32,
    pub side: u32,
    pub error: i32,
    pub refused: u32,
    pub refusal: i32,
    pub index: u32,
    pub spare: [u32; 2],
}

#[repr(C)]
struct Options {
    size: u32,
    flags: u32,
    timeout_ns: i64,
    idle_ns: i64,
    cancel_fd: i32,
    avoid: u32,
    progress: Option<unsafe extern "C" fn(*mut c_void, *const Outcome) -> c_int>,
    context: *mut c_void,
    half_idle_ns: i64,
    rate: u64,
}

const TO_END: u64 = u64::MAX;
const CANCEL_FD: u32 = 0x200;

#[link(name = "zsplice")]
extern "C" {
    fn zs_copy(
        fd_in: c_int,
        off_in: *mut i64,
        fd_out: c_int,
        off_out: *mut i64,
        len: u64,
        options: *const Options,
        result: *mut Outcome,
    ) -> i64;
    fn zs_via_names(via: u32, text: *mut c_char, size: usize) -> usize;
}

/// A progress function, and what it has ended with.
struct Watcher<F> {
    progress: F,
    end: thread::Result<io::Result<()>>,
}

unsafe extern "C" fn watch<F: FnMut(u64) -> io::Result<()>>(
    context: *mut c_void,
    so_far: *const Outcome,
) -> c_int {
    // SAFETY: `copy` passes its own watcher, and the library a result, both valid during the call.
    let (watcher, bytes) = unsafe { (&mut *context.cast::<Watcher<F>>(), (*so_far).bytes) };
    watcher.end = catch_unwind(AssertUnwindSafe(|| (watcher.progress)(bytes)));
    c_int::from(!matches!(watcher.end, Ok(Ok(()))))
}

/// Copies all of `source`, until `cancel` is readable. An error of `progress` ends the copy, and so does a panic.
pub fn copy<F: FnMut(u64) -> io::Result<()>>(
    source: impl AsFd,
    target: impl AsFd,
    cancel: impl AsFd,
    progress: F,
) -> io::Result<Outcome> {
    let mut watcher = Watcher { progress, end: Ok(Ok(())) };
    let mut outcome = Outcome::default();
    let options = Options {
        size: std::mem::size_of::<Options>() as u32,
        flags: CANCEL_FD,
        timeout_ns: 0,
        idle_ns: 0,
        cancel_fd: cancel.as_fd().as_raw_fd(),
        avoid: 0,
        progress: Some(watch::<F>),
        context: (&raw mut watcher).cast(),
        half_idle_ns: 0,
        rate: 0,
    };
    let (fd_in, fd_out) = (source.as_fd().as_raw_fd(), target.as_fd().as_raw_fd());
    let none = ptr::null_mut();
    // SAFETY: all pointers are null or valid during the call.
    unsafe { zs_copy(fd_in, none, fd_out, none, TO_END, &raw const options, &raw mut outcome) };
    watcher.end.unwrap_or_else(|panic| resume_unwind(panic))?;
    if outcome.error != 0 {
        return Err(io::Error::from_raw_os_error(outcome.error));
    }
    Ok(outcome)
}

/// The names of the mechanisms, with commas between them.
pub fn via_names(via: u32) -> String {
    let mut text = [0_u8; 100];
    // SAFETY: the library writes so many bytes at most.
    let length = unsafe { zs_via_names(via, text.as_mut_ptr().cast(), text.len()) };
    String::from_utf8_lossy(&text[..length.min(text.len() - 1)]).into_owned()
}

static INTERRUPT: OnceLock<UnixStream> = OnceLock::new();

extern "C" fn on_interrupt(_signal: c_int) {
    let _ = INTERRUPT.get().map(|mut stream| stream.write(b"!"));
}

extern "C" {
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
}

fn run(input: &str, output: &str, most: Option<u64>) -> io::Result<()> {
    let (cancel, sender) = UnixStream::pair()?;
    INTERRUPT.get_or_init(|| sender);
    const SIGINT: c_int = 2;
    // SAFETY: the handler calls write(2) only.
    unsafe { signal(SIGINT, on_interrupt) };
    let (source, target) = (File::open(input)?, File::create(output)?);
    let _ = File::open("/no such file"); // This sets errno.
    let before = io::Error::last_os_error().raw_os_error();
    let outcome = copy(&source, &target, &cancel, |so_far| {
        eprintln!("{so_far} bytes so far");
        match most {
            Some(most) if so_far > most => Err(io::Error::other(format!("more than {most} bytes"))),
            _ => Ok(()),
        }
    })?;
    let unchanged = io::Error::last_os_error().raw_os_error() == before;
    println!("errno is {}", if unchanged { "unchanged" } else { "changed" });
    println!("{} bytes by {}", outcome.bytes, via_names(outcome.via));
    Ok(())
}

fn main() {
    const ECANCELED: i32 = 125;
    let arguments: Vec<_> = env::args().collect();
    let most = arguments.get(3).map(|most| most.parse().expect("a number of bytes"));
    if let Err(error) = run(&arguments[1], &arguments[2], most) {
        let interrupted = error.raw_os_error() == Some(ECANCELED);
        eprintln!("{}", if interrupted { "interrupted".to_owned() } else { error.to_string() });
        process::exit(if interrupted { 130 } else { 1 });
    }
}

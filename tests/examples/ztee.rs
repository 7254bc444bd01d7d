// SPDX-License-Identifier: MIT OR Apache-2.0
//! ztee does what tee(1) does.

use crate::process::{Process, LIMIT};
use crate::support::Scratch;
use crate::{example, fs};
use std::io::Write as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// More than a pipe holds.
const LEN: usize = 3 << 20;

struct Tee {
    scratch: Scratch,
    command: Command,
    file: PathBuf,
}

impl Tee {
    /// To a file and whatever else `arguments` name.
    fn new(arguments: &[&str]) -> Tee {
        let scratch = Scratch::new();
        let mut command = example("ztee.c", &scratch);
        let file = scratch.path().join("file");
        command.args(arguments).arg(&file).stdin(Stdio::piped()).stdout(Stdio::null());
        // Rust ignores SIGPIPE, which programs inherit.
        let default_sigpipe = || {
            // SAFETY: signal(2) changes nothing but the child.
            unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
            Ok(())
        };
        // SAFETY: signal(2) may be called between fork and exec.
        unsafe { command.pre_exec(default_sigpipe) };
        Tee { scratch, command, file }
    }

    fn start(&mut self) -> Process {
        Process::start(&mut self.command)
    }

    /// Feeds it `LEN` bytes, with a standard output that is a pipe without a reader.
    fn feed_broken_pipe(&mut self) -> Process {
        let reader = Command::new("true").stdin(Stdio::piped()).spawn();
        let mut reader = reader.unwrap();
        let pipe = reader.stdin.take().unwrap();
        reader.wait().unwrap();
        let mut process = Process::start(self.command.stdout(pipe));
        let _ = process.stdin().write_all(&[b'x'; LEN]);
        process
    }

    fn got(&self) -> usize {
        fs::read(&self.file).unwrap().len()
    }
}

#[test]
fn failed_output_is_told_at_once() {
    let mut tee = Tee::new(&["/dev/full"]);
    let mut process = tee.start();
    let mut input = process.stdin();
    input.write_all(b"one\n").unwrap();
    assert!(process.tells("/dev/full: No space left", Duration::from_secs(5)));
    input.write_all(b"two\n").unwrap();
    drop(input);
    assert_eq!(process.wait().code(), Some(1));
    assert_eq!(fs::read(&tee.file).unwrap(), b"one\ntwo\n");
}

#[test]
fn closed_stdout_does_not_lose_the_files() {
    let mut tee = Tee::new(&[]);
    let close_stdout = || {
        // SAFETY: nobody owns descriptor 1 in the child.
        unsafe { libc::close(1) };
        Ok(())
    };
    // SAFETY: close(2) may be called between fork and exec.
    unsafe { tee.command.pre_exec(close_stdout) };
    let mut process = tee.start();
    process.stdin().write_all(b"all").unwrap();
    assert_eq!(process.wait().code(), Some(1));
    assert_eq!(fs::read(&tee.file).unwrap(), b"all");
    assert!(process.told().contains("standard output"));
}

#[test]
fn broken_pipe_ends_it() {
    let mut process = Tee::new(&[]).feed_broken_pipe();
    assert_eq!(process.wait().signal(), Some(libc::SIGPIPE));
}

#[test]
fn goes_on_without_a_broken_pipe() {
    for (option, status) in [("-p", 0), ("--output-error", 0), ("--output-error=exit-nopipe", 0)] {
        let mut tee = Tee::new(&[option]);
        let mut process = tee.feed_broken_pipe();
        assert_eq!(process.wait().code(), Some(status), "{option}");
        assert_eq!((process.told().as_str(), tee.got()), ("", LEN), "{option}");
    }
    let mut tee = Tee::new(&["--output-error=warn"]);
    let mut process = tee.feed_broken_pipe();
    assert_eq!(process.wait().code(), Some(1));
    assert!(process.told().contains("standard output: Broken pipe") && tee.got() == LEN);
}

#[test]
fn exits_at_a_failed_output() {
    let mut process = Tee::new(&["--output-error=exit"]).feed_broken_pipe();
    assert_eq!(process.wait().code(), Some(1));
    assert!(process.told().contains("standard output: Broken pipe"));
    let mut tee = Tee::new(&["--output-error=exit-nopipe", "/dev/full"]);
    let mut process = tee.start();
    let mut input = process.stdin();
    input.write_all(b"one\n").unwrap();
    // The input has not ended.
    assert_eq!(process.wait().code(), Some(1));
}

/// As tee(1), which notices at its next write: a pipe that breaks while the input is silent matters once
/// bytes come that it does not get.
#[test]
fn pipe_that_breaks_in_silence_matters_with_the_next_bytes() {
    for (more, option, status, told) in [
        ("", "-i", Some(0), ""),
        ("more", "-i", None, ""),
        ("", "--output-error=warn", Some(0), ""),
        ("more", "--output-error=warn", Some(1), "ztee: standard output: Broken pipe\n"),
    ] {
        let mut tee = Tee::new(&[option]);
        let mut reader = Command::new("head")
            .args(["-c", "4"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut process = Process::start(tee.command.stdout(reader.stdin.take().unwrap()));
        let mut input = process.stdin();
        input.write_all(b"some").unwrap();
        reader.wait().unwrap();
        assert!(!crate::process::within(Duration::from_millis(50), || process.has_ended()));
        input.write_all(more.as_bytes()).unwrap();
        drop(input);
        let end = process.wait();
        assert_eq!((end.code(), process.told().as_str()), (status, told), "{option} {more}");
    }
}

#[test]
fn only_output_that_breaks_in_silence_matters_with_the_next_bytes() {
    for (more, status) in [("", Some(0)), ("more", Some(1))] {
        let scratch = Scratch::new();
        let mut command = example("ztee.c", &scratch);
        let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        command
            .arg("--output-error=warn")
            .stdin(Stdio::piped())
            .stdout(reader.stdin.take().unwrap());
        reader.wait().unwrap();
        let mut process = Process::start(&mut command);
        let mut input = process.stdin();
        assert!(!crate::process::within(Duration::from_millis(50), || process.has_ended()));
        input.write_all(more.as_bytes()).unwrap();
        drop(input);
        assert_eq!(process.wait().code(), status, "{more}");
    }
}

#[test]
fn last_broken_pipe_ends_it_while_the_input_is_silent() {
    let scratch = Scratch::new();
    let mut command = example("ztee.c", &scratch);
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
    command.arg("-p").stdin(Stdio::piped()).stdout(reader.stdin.take().unwrap());
    reader.wait().unwrap();
    let mut process = Process::start(&mut command);
    let input = process.stdin();
    assert_eq!(process.wait().code(), Some(0));
    drop(input);
}

#[test]
fn appends_and_ignores_interrupts() {
    for options in [["-a", "-i"], ["--append", "--ignore-interrupts"]] {
        let mut tee = Tee::new(&options);
        fs::write(&tee.file, "before, ").unwrap();
        let mut process = tee.start();
        let mut input = process.stdin();
        input.write_all(b"first, ").unwrap();
        let file = tee.file.clone();
        let arrived =
            crate::process::within(LIMIT, || fs::read(&file).unwrap().ends_with(b"first, "));
        assert!(arrived);
        process.signal(libc::SIGINT);
        input.write_all(b"second").unwrap();
        drop(input);
        assert_eq!(process.wait().code(), Some(0));
        assert_eq!(fs::read(&tee.file).unwrap(), b"before, first, second");
        drop(tee.scratch);
    }
}

#[test]
fn has_long_options_and_refuses_others() {
    let run = |argument: &str| {
        let scratch = Scratch::new();
        let output =
            example("ztee.c", &scratch).arg(argument).stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert!(matches!(run("--help"), (Some(0), text) if text.starts_with("usage: ztee")));
    assert!(matches!(run("--version"), (Some(0), text) if text.starts_with("ztee, zsplice ")));
    assert_eq!(run("--output-error=sometimes"), (Some(1), String::new()));
}

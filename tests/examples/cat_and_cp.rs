// SPDX-License-Identifier: MIT OR Apache-2.0
//! zcat and zcp do what cat(1) and cp(1) do.

use crate::process::{within, Process, LIMIT};
use crate::support::{have, Scratch};
use crate::{example, fs, File};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn zcat_does_not_feed_itself() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "some");
    let append = File::options().append(true).open(&file).unwrap();
    let output = example("zcat.c", &scratch).arg(&file).stdout(append).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("input file is output file"));
    assert_eq!(fs::read(&file).unwrap(), b"some");
}

#[test]
fn zcat_ends_at_a_write_error_and_goes_on_after_others() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "some");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut zcat = example("zcat.c", &scratch);
    let output = zcat.arg(&file).arg("nowhere").arg(&file).stdout(full).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((told.lines().count(), output.status.code()), (1, Some(1)), "{told}");
    assert!(told.contains("write error: No space left on device"), "{told}");
    let output = zcat.arg("-").stdin(Stdio::null()).stdout(Stdio::piped()).output().unwrap();
    assert_eq!((output.stdout.as_slice(), output.status.code()), (&b"somesome"[..], Some(1)));
}

/// Its output while it copies from a FIFO that has not ended: interrupted, is it gone?
fn interrupted(replaced: bool) -> Option<Vec<u8>> {
    let scratch = Scratch::new();
    let (fifo, output) = (scratch.path().join("fifo"), scratch.path().join("output"));
    crate::succeed(Command::new("mkfifo").arg(&fifo));
    let mut zcp = Process::start(example("zcp.c", &scratch).arg(&fifo).arg(&output));
    let mut input = File::options().write(true).open(&fifo).unwrap();
    input.write_all(b"half").unwrap();
    assert!(within(LIMIT, || fs::read(&output).is_ok_and(|got| got == b"half")));
    if replaced {
        let other = scratch.write("other", "of somebody else");
        fs::rename(other, &output).unwrap();
    }
    zcp.signal(libc::SIGTERM);
    assert_eq!(zcp.wait().signal(), Some(libc::SIGTERM));
    assert_eq!(zcp.told(), "");
    fs::read(output).ok()
}

#[test]
fn zcp_removes_what_is_not_complete() {
    assert_eq!(interrupted(false), None);
}

#[test]
fn zcp_does_not_remove_the_file_of_others() {
    assert_eq!(interrupted(true).as_deref(), Some(&b"of somebody else"[..]));
}

#[test]
fn zcp_says_which_side_failed() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "some");
    for (from, to, told) in [
        ("nowhere", "output", "zcp: cannot open 'nowhere': No such file or directory\n"),
        (
            "file",
            "nowhere/output",
            "zcp: cannot create 'nowhere/output': No such file or directory\n",
        ),
        ("file", "/dev/full", "zcp: cannot write '/dev/full': No space left on device\n"),
        ("file", "./file", "zcp: 'file' and './file' are the same file\n"),
        (".", "output", "zcp: cannot copy '.': Is a directory\n"),
    ] {
        let mut zcp = example("zcp.c", &scratch);
        let output = zcp.args([from, to]).current_dir(scratch.path()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), told);
        assert_eq!(output.status.code(), Some(1));
    }
    assert_eq!(fs::read(file).unwrap(), b"some");
    assert!(!scratch.path().join("output").exists());
}

/// copy_file_range(2) does not append.
#[test]
fn zcat_tells_what_refused() {
    let scratch = Scratch::new();
    let (file, output) =
        (scratch.write("file", &"x".repeat(64 << 10)), scratch.path().join("output"));
    let append = File::options().create(true).append(true).open(&output).unwrap();
    let zcat = example("zcat.c", &scratch).arg("-v").arg(&file).stdout(append).output().unwrap();
    let told = String::from_utf8(zcat.stderr).unwrap();
    assert!(told.contains(" 65536 bytes by ") && told.contains("; copy_file_range"), "{told}");
    assert!(told.ends_with(" refused: Bad file descriptor\n"), "{told}");
    let zcat = example("zcat.c", &scratch).arg("-v").arg(&file).output().unwrap();
    let told = String::from_utf8(zcat.stderr).unwrap();
    assert!(told.ends_with(" 65536 bytes by splice\n"), "{told}");
}

#[test]
fn zcp_tells_what_refused() {
    if !have("strace") {
        return;
    }
    let scratch = Scratch::new();
    scratch.write("file", &"x".repeat(64 << 10));
    let mut strace = Command::new("strace");
    strace.args(["-o", "trace", "-e", "inject=copy_file_range:error=EXDEV"]);
    strace.arg(example("zcp.c", &scratch).get_program()).args(["-v", "file", "copy"]);
    let zcp = strace.current_dir(scratch.path()).output().unwrap();
    let told = String::from_utf8(zcp.stdout).unwrap();
    let wanted =
        "'file' -> 'copy': 65536 bytes by sendfile, 65536 in the kernel; copy_file_range refused: \
                  Invalid cross-device link\n";
    assert_eq!(told, wanted);
}

/// 300 KiB at 200 KiB a second: a second and a half, but for what moves at once.
#[test]
fn zcat_and_zcp_keep_to_a_rate() {
    let scratch = Scratch::new();
    let bytes = "x".repeat(300 << 10);
    scratch.write("file", &bytes);
    for (name, arguments) in
        [("zcat.c", &["--rate=200K", "file"][..]), ("zcp.c", &["--rate=204800", "file", "copy"])]
    {
        let mut program = example(name, &scratch);
        let began = Instant::now();
        let output = program.args(arguments).current_dir(scratch.path()).output().unwrap();
        let took = began.elapsed();
        assert!(output.status.success(), "{output:?}");
        assert!(took > Duration::from_millis(1400) && took < Duration::from_secs(20), "{took:?}");
        let copy = scratch.path().join("copy");
        let got = if name == "zcat.c" { output.stdout } else { fs::read(copy).unwrap() };
        assert!(got == bytes.as_bytes());
    }
}

#[test]
fn a_rate_is_a_number_of_bytes() {
    let scratch = Scratch::new();
    scratch.write("file", "some");
    scratch.write("copy", "");
    for name in ["zcat", "zcp"] {
        let program = example(&format!("{name}.c"), &scratch);
        let run = |rate: &str| {
            let mut program = Command::new(program.get_program());
            program.arg(format!("--rate={rate}")).args(["file", "copy"]);
            let output = program.current_dir(scratch.path()).output().unwrap();
            (output.status.success(), String::from_utf8(output.stderr).unwrap())
        };
        for rate in ["1K", "2M", "3G", "17179869183G", "18446744073709551614"] {
            assert_eq!(run(rate), (true, String::new()), "{name} {rate}");
        }
        for rate in [
            "",
            "0",
            "0K",
            "-1",
            " 1",
            "K",
            "1k",
            "1KB",
            "1.5M",
            "17179869184G",
            "18446744073709551616",
        ] {
            let (is_well, told) = run(rate);
            assert!(!is_well && told.starts_with(name), "{name} {rate}: {told}");
            assert!(
                told.contains("is not a number of bytes")
                    || told.contains(": not a number of bytes")
            );
        }
    }
}

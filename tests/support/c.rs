// SPDX-License-Identifier: MIT OR Apache-2.0

//! Compiling C and C++, and running what comes out.

use super::{succeed, Scratch};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The compiler for this source, C or C++ (.cc), with every warning an error.
pub fn compiler(source: &Path) -> Command {
    let mut command = driver(is_cpp(source));
    command.args(["-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64"]);
    command.arg(if is_cpp(source) { "-std=c++17" } else { "-std=c11" }).arg(source);
    command
}

fn is_cpp(source: &Path) -> bool {
    source.extension() == Some(OsStr::new("cc"))
}

/// The compiler alone, which also links.
fn driver(cpp: bool) -> Command {
    static TOOLS: [OnceLock<Vec<OsString>>; 2] = [const { OnceLock::new() }; 2];
    let words = TOOLS[usize::from(cpp)].get_or_init(|| tool(cpp));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg("-pthread");
    command
}

/// The compiler and its first arguments, from a build of the `cc` crate, which outside a build script
/// does not know host and target.
#[cfg(feature = "cc")]
fn tool(cpp: bool) -> Vec<OsString> {
    let mut build = cc::Build::new();
    build.target(env!("TARGET")).host(env!("TARGET")).opt_level(1);
    let tool = build.cpp(cpp).cargo_metadata(false).cargo_warnings(false).get_compiler();
    [&[tool.path().as_os_str().to_owned()], tool.args()].concat()
}

/// As make has it.
#[cfg(not(feature = "cc"))]
fn tool(cpp: bool) -> Vec<OsString> {
    let (variable, usual) = if cpp { ("CXX", "c++") } else { ("CC", "cc") };
    let compiler = std::env::var(variable).unwrap_or_else(|_| usual.to_owned());
    compiler.split_whitespace().chain(["-O1"]).map(OsString::from).collect()
}

/// What the environment adds to the compiler's arguments, as part of a file's name.
pub fn flags() -> String {
    let flags = std::env::var("CFLAGS").unwrap_or_default();
    flags.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// Compiles a source that is no program of its own, just to see whether it compiles.
pub fn compiles(source: &Path, arguments: &[String]) {
    let object = source.with_extension("o");
    succeed(compiler(source).arg("-c").arg("-o").arg(object).args(arguments));
}

/// Compiles a program into `folder`, with the arguments after its source.
pub fn program(source: &Path, folder: &Path, arguments: &[String]) -> PathBuf {
    let program = folder.join(source.file_stem().unwrap());
    succeed(compiler(source).arg("-o").arg(&program).args(arguments));
    program
}

/// Compiles a source to `object`.
pub fn object(source: &Path, object: &Path, arguments: &[String]) {
    succeed(compiler(source).arg("-c").arg("-o").arg(object).args(arguments));
}

/// Links the object of `source` to a program in `folder`, with the arguments after the object.
pub fn link(source: &Path, object: &Path, folder: &Path, arguments: &[String]) -> PathBuf {
    let program = folder.join(source.file_stem().unwrap());
    succeed(driver(is_cpp(source)).arg("-o").arg(&program).arg(object).args(arguments));
    program
}

/// Runs a program in a fresh empty folder, and kills it and all that it has started after `limit`.
/// What it wrote, and how it ended; None: not in time.
pub fn run(command: &mut Command, limit: Duration) -> (String, Option<ExitStatus>) {
    let (log, place) = (Scratch::new(), Scratch::new());
    let log = log.path().join("log");
    let file = File::create(&log).unwrap();
    command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
    let mut child = command.current_dir(place.path()).process_group(0).spawn().unwrap();
    let status = wait(&mut child, limit);
    kill_group(&child);
    let _ = child.wait();
    (String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned(), status)
}

/// How the child ended, if it did so in time.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        sleep(Duration::from_millis(2));
    }
    None
}

/// Kills what is left of the child's process group: the child, or those that outlive it.
fn kill_group(child: &Child) {
    let group = i32::try_from(child.id()).unwrap();
    // SAFETY: kill(2) touches no memory; the group is one that process_group(0) made for the child.
    unsafe { libc::kill(-group, libc::SIGKILL) };
}

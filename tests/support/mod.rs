// SPDX-License-Identifier: MIT OR Apache-2.0

//! Helpers of several tests: the built library, compilers, tools, scratch folders, and skipping.

// Every file in tests/ is a program of its own, and none uses all of these.
#![allow(dead_code)]

pub mod c;
pub mod interface;
pub mod manual;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::OnceLock;
use std::{env, fs, io};

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file, named from the project's folder.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files in a folder with one of these extensions, sorted.
pub fn files(folder: impl AsRef<Path>, extensions: &[&str]) -> Vec<PathBuf> {
    let wanted = |path: &Path| extensions.iter().any(|&e| path.extension() == Some(OsStr::new(e)));
    let entries = fs::read_dir(root().join(folder)).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file() && wanted(path));
    files.sort();
    files
}

/// build/, with the library that `make` builds: the tests test what is installed.
pub fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let build = root().join("build");
        fs::create_dir_all(&build).unwrap();
        succeed(&mut make(["all"]));
        build
    })
}

/// `make` with these arguments. A lock keeps two tests from running it at once, and it does not inherit
/// the variables of a make that runs the tests.
pub fn make<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new("flock");
    command.arg(root().join("build/.lock")).args(["make", "--no-print-directory"]);
    command.args(arguments).current_dir(root());
    for variable in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a command that must succeed; returns its standard output.
pub fn succeed(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, told(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command with an empty standard input.
pub fn output(command: &mut Command) -> Output {
    command.stdin(process::Stdio::null());
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// The whole output of a command.
pub fn told(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    [String::from_utf8_lossy(out), String::from_utf8_lossy(err)].concat()
}

/// The words that pkg-config prints about zsplice, as described by the .pc files in `folder`.
pub fn pkg_config(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", folder).args(arguments).arg("zsplice");
    let output = output(&mut command);
    assert!(output.status.success(), "{command:?}: {}", told(&output));
    shell_words(&output.stdout)
}

/// The words of what pkg-config prints for a shell, where a backslash takes the meaning from a byte.
pub fn shell_words(text: &[u8]) -> Vec<String> {
    let mut words = vec![Vec::new()];
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => words.last_mut().unwrap().extend(bytes.next()),
            b' ' | b'\n' => words.push(Vec::new()),
            _ => words.last_mut().unwrap().push(byte),
        }
    }
    words.retain(|word| !word.is_empty());
    words.into_iter().map(|word| String::from_utf8(word).unwrap()).collect()
}

/// Whether a program is installed; if not, the test that needs it counts as skipped.
pub fn have(tool: &str) -> bool {
    let found = found(tool);
    if !found {
        skip(&format!("{tool} is not installed"));
    }
    found
}

/// Whether a program is installed; the test continues without it.
pub fn found(tool: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

/// A Python that has cffi, else the test is skipped. The first one in PATH is not always that of the distribution,
/// which may have it.
pub fn python_with_cffi() -> Option<&'static str> {
    let python = ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        let told = Command::new(python).args(["-c", "import cffi"]).output();
        told.is_ok_and(|told| told.status.success())
    });
    if python.is_none() {
        skip("cffi is missing (Debian: python3-cffi)");
    }
    python
}

/// Whether cargo has all crates of Cargo.lock, or can get them, those for other systems, too.
pub fn has_crates() -> bool {
    if root().join("vendor").is_dir() {
        skip("this source has its crates, and cargo would download them to pack them again");
        return false;
    }
    let mut fetch = Command::new(env!("CARGO"));
    let fetched =
        fetch.args(["fetch", "--locked", "--quiet"]).current_dir(root()).output().unwrap();
    if !fetched.status.success() {
        skip("cargo cannot get the crates that Cargo.lock names");
    }
    fetched.status.success()
}

/// Reports that the calling test cannot run here: a failure if nothing may be skipped.
pub fn skip(reason: &str) {
    assert!(!in_ci(), "CI=true, but skipped: {reason}");
    note(&format!("skipped: {}: {reason}", std::thread::current().name().unwrap_or_default()));
}

/// Prints a line, also if the test passes: the test runner captures what println and eprintln write.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether no test may be skipped (CI).
pub fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// A fresh empty folder on a real file system, removed when this value is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A new file in it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

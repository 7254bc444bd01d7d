// SPDX-License-Identifier: MIT OR Apache-2.0
//! examples/ffi: the same program in many languages. Each copies, shows an error of the kernel and one of its own,
//! can be interrupted, and says what it needs.

use crate::process::{within, Process};
use crate::support::{
    built, found, have, pkg_config, python_with_cffi, root, skip, succeed, Scratch,
};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

const LEN: usize = 9 << 20;

/// How long a runtime may take to start, on a machine that does much else.
const START: Duration = Duration::from_secs(60);

#[test]
fn bun() {
    if let Some(bun) = from_npm("bun") {
        behaves(Command::new(bun).arg(source("bun_copy.ts")), Errno::Hidden);
    }
}

#[test]
fn cpp() {
    let scratch = Scratch::new();
    let program = scratch.path().join("copy");
    let mut compiler = Command::new("c++");
    compiler.args(["-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wsign-conversion"]);
    compiler.arg(source("copy.cc")).arg("-o").arg(&program);
    succeed(compiler.args(pkg_config(built(), &["--cflags", "--libs"])));
    behaves(&mut Command::new(program), Errno::Shown);
}

#[test]
fn deno() {
    let Some(deno) = from_npm("deno") else { return };
    let script = source("deno_copy.ts");
    let offline = |command: &mut Command| {
        command.env("DENO_DIR", ours()).env("DENO_NO_UPDATE_CHECK", "1").env("NO_COLOR", "1");
    };
    let mut check = Command::new(&deno);
    offline(check.arg("check").arg(&script));
    succeed(&mut check);
    let mut run = Command::new(&deno);
    offline(run.args(["run", "--allow-all"]).arg(&script));
    behaves(&mut run, Errno::Hidden);
}

#[test]
fn go() {
    if !needs("go", "golang-go") {
        return;
    }
    if built().to_str().is_none_or(|path| !path.is_ascii() || path.contains(' ')) {
        return skip("go refuses what pkg-config says of a path with a space or such a letter");
    }
    let scratch = Scratch::new();
    let program = scratch.path().join("copy");
    let mut go = Command::new("go");
    go.args(["build", "-o"]).arg(&program).arg(source("copy.go")).current_dir(scratch.path());
    go.env("PKG_CONFIG_PATH", built()).env("GOCACHE", ours().join("go")).env("GOFLAGS", "");
    succeed(&mut go);
    behaves(&mut Command::new(program), Errno::Shown);
}

/// Debian 12 has an older Java: this is no reason to fail.
#[test]
fn java() {
    if !found("java") {
        return;
    }
    let told = Command::new("java").arg("-version").output().unwrap().stderr;
    let version = String::from_utf8(told).unwrap();
    let major = version.split(['"', '.']).nth(1).and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major >= 22) {
        let mut java = Command::new("java");
        behaves(
            java.arg("--enable-native-access=ALL-UNNAMED").arg(source("Copy.java")),
            Errno::Hidden,
        );
    }
}

#[test]
fn luajit() {
    if needs("luajit", "luajit") {
        behaves(Command::new("luajit").arg(source("copy.lua")), Errno::Shown);
    }
}

#[test]
fn node() {
    if !needs("node", "nodejs") {
        return;
    }
    let modules = ours().join("node_modules");
    if !modules.join("koffi").is_dir() {
        return skip("koffi is not installed (make modules)");
    }
    let mut node = Command::new("node");
    behaves(node.arg(source("node_copy.js")).env("NODE_PATH", modules), Errno::Hidden);
}

#[test]
fn perl() {
    let mut perl = Command::new("perl");
    if knows(perl.args(["-MFFI::Platypus 2.00", "-e", "1"]), "libffi-platypus-perl") {
        behaves(Command::new("perl").arg(source("copy.pl")), Errno::Shown);
    }
}

#[test]
fn php() {
    if knows(Command::new("php").args(["-r", "exit(class_exists('FFI') ? 0 : 1);"]), "php-cli") {
        behaves(Command::new("php").arg(source("copy.php")), Errno::Hidden);
    }
}

#[test]
fn python_cffi() {
    let Some(python) = python_with_cffi() else { return };
    behaves(Command::new(python).arg(source("cffi_copy.py")), Errno::Shown);
}

#[test]
fn python_ctypes() {
    if have("python3") {
        behaves(Command::new("python3").arg(source("ctypes_copy.py")), Errno::Shown);
    }
}

#[test]
fn ruby() {
    if knows(Command::new("ruby").args(["-rffi", "-e", ""]), "ruby-ffi") {
        behaves(Command::new("ruby").arg(source("copy.rb")), Errno::Shown);
    }
}

#[test]
fn rust() {
    let scratch = Scratch::new();
    let program = scratch.path().join("copy");
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--edition", "2021", "-D", "warnings"])
        .arg(source("copy.rs"))
        .arg("-o")
        .arg(&program);
    succeed(rustc.args(pkg_config(built(), &["--libs"])));
    behaves(&mut Command::new(program), Errno::Shown);
}

/// Every program is run by one of the tests above.
#[test]
fn each_language_has_its_test() {
    let text = fs::read_to_string(root().join("tests/examples/ffi.rs")).unwrap();
    for entry in fs::read_dir(root().join("examples/ffi")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || text.contains(&format!("source(\"{name}\")")), "{name}");
    }
}

fn source(name: &str) -> PathBuf {
    root().join("examples/ffi").join(name)
}

/// What the tests of other languages keep: caches, and what `make modules` has installed.
fn ours() -> PathBuf {
    built().join("ffi")
}

/// Whether a program is installed, else the test is skipped.
fn needs(program: &str, package: &str) -> bool {
    let found = found(program);
    if !found {
        skip(&format!("{program} is missing (Debian: {package})"));
    }
    found
}

/// Whether a command succeeds, else the test is skipped.
fn knows(command: &mut Command, package: &str) -> bool {
    let knows = command.output().is_ok_and(|output| output.status.success());
    if !knows {
        skip(&format!(
            "{} cannot do that (Debian: {package})",
            command.get_program().to_string_lossy()
        ));
    }
    knows
}

/// A program that `make modules` has installed, or that is in the PATH.
fn from_npm(name: &str) -> Option<PathBuf> {
    let installed = ours().join("node_modules/.bin").join(name);
    if installed.exists() || found(name) {
        return Some(if installed.exists() { installed } else { PathBuf::from(name) });
    }
    skip(&format!("{name} is not installed (make modules)"));
    None
}

/// Whether a language shows errno to a program.
enum Errno {
    Shown,
    Hidden,
}

/// What is expected of a program that is run with INPUT OUTPUT [MOST].
fn behaves(program: &mut Command, errno: Errno) {
    let copy = Copy::new(program);
    copy.copies(&errno);
    copy.shows_errors();
    copy.passes_its_own_error_on();
    copy.can_be_interrupted();
    copy.says_that_the_library_is_missing();
}

struct Copy<'a> {
    program: &'a Command,
    scratch: Scratch,
    input: PathBuf,
    output: PathBuf,
}

impl<'a> Copy<'a> {
    fn new(program: &'a Command) -> Copy<'a> {
        let scratch = Scratch::new();
        let input = scratch.path().join("input");
        let bytes: Vec<_> = (0..LEN).map(|at| (at % 251) as u8).collect();
        fs::write(&input, bytes).unwrap();
        let output = scratch.path().join("output");
        Copy { program, scratch, input, output }
    }

    fn copies(&self, errno: &Errno) {
        let (status, out, err) = self.run(&[&self.input, &self.output], built());
        assert!(status.success(), "{err}");
        let shown = matches!(errno, Errno::Shown);
        let errno = if shown { "errno is unchanged\n" } else { "" };
        assert_eq!(out, format!("{errno}{LEN} bytes by sendfile\n"));
        assert_eq!(so_far(&err), [4 << 20, 8 << 20, LEN]);
        assert!(fs::read(&self.input).unwrap() == fs::read(&self.output).unwrap());
        // The mechanisms are a set.
        let empty = self.scratch.write("empty", "");
        assert_eq!(
            self.run(&[&empty, &self.output], built()).1,
            format!("{errno}0 bytes by nothing\n")
        );
    }

    /// Of the output, of the input, and one before the copy.
    fn shows_errors(&self) {
        let missing = self.scratch.path().join("missing");
        self.fails(&self.input, Path::new("/dev/full"), ["no space left on device", "enospc"]);
        self.fails(self.scratch.path(), &self.output, ["is a directory", "eisdir"]);
        self.fails(&missing, &self.output, ["no such file or directory", "enoent"]);
    }

    /// By an error that the program calls by one of two names.
    fn fails(&self, input: &Path, output: &Path, names: [&str; 2]) {
        let (status, out, err) = self.run(&[input, output], built());
        let told = err.lines().last().unwrap_or_default().to_lowercase();
        assert!(names.iter().any(|name| told.contains(name)), "{names:?}: {err}");
        assert!(status.code() == Some(1) && out.is_empty(), "{status}: {out}");
    }

    /// The progress function fails after the second step.
    fn passes_its_own_error_on(&self) {
        let most = Path::new("5000000");
        let (status, out, err) = self.run(&[&self.input, &self.output, most], built());
        assert!(
            err.lines().last().is_some_and(|line| line.ends_with("more than 5000000 bytes")),
            "{err}"
        );
        assert!(status.code() == Some(1) && out.is_empty(), "{status}: {out}");
        assert!(!err.contains(&LEN.to_string()), "{err}");
    }

    /// While it waits for more input, which does not come.
    fn can_be_interrupted(&self) {
        let mut command = self.command(&[Path::new("/dev/stdin"), &self.output], built());
        let mut process = Process::start(command.stdin(Stdio::piped()).stdout(Stdio::null()));
        let mut input = process.stdin();
        input.write_all(b"begin\n").unwrap();
        assert!(process.tells("6 bytes so far\n", START), "{}", process.told());
        // ZS_INTERRUPT misses a signal between two waits, and a busy machine may take its time.
        for _ in 0..5 {
            sleep(Duration::from_millis(200));
            process.signal(libc::SIGINT);
            if process.tells("interrupted\n", Duration::from_secs(3)) {
                break;
            }
        }
        assert_eq!(process.wait().code(), Some(130), "{}", process.told());
        assert!(process.told().ends_with("interrupted\n"), "{}", process.told());
    }

    /// An empty file is in its place.
    fn says_that_the_library_is_missing(&self) {
        self.scratch.write("libzsplice.so.0", "");
        let (status, _, err) = self.run(&[&self.input, &self.output], self.scratch.path());
        // ruby-ffi says the latter where the path has a space.
        let by_the_linker = err.contains("error while loading shared libraries: ")
            && err.contains("libzsplice.so.0")
            || err.contains("libzsplice.so.0: file too short");
        assert!(
            by_the_linker || err.to_lowercase().contains("install zsplice (sudo make install)"),
            "{err}"
        );
        assert!(!status.success());
    }

    /// How it ends, and what it writes to standard output and standard error.
    fn run(&self, arguments: &[&Path], library: &Path) -> (ExitStatus, String, String) {
        let written = self.scratch.path().join("written");
        let mut command = self.command(arguments, library);
        command.stdin(Stdio::null()).stdout(File::create(&written).unwrap());
        let mut process = Process::start(&mut command);
        within(START, || process.has_ended());
        let status = process.wait();
        (status, fs::read_to_string(written).unwrap(), process.told())
    }

    /// With all signals at their defaults, also if a shell has started the tests in the background.
    fn command(&self, arguments: &[&Path], library: &Path) -> Command {
        let mut command = Command::new("env");
        command
            .arg("--default-signal=INT")
            .arg(self.program.get_program())
            .args(self.program.get_args());
        command
            .args(arguments)
            .envs(self.program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("LD_LIBRARY_PATH", library).env("ZSPLICE_AVOID", "clone,copy_file_range");
        command
    }
}

/// The numbers of bytes that were reported.
fn so_far(told: &str) -> Vec<usize> {
    let numbers = told.lines().map(|line| line.strip_suffix(" bytes so far")?.parse().ok());
    numbers.collect::<Option<Vec<_>>>().unwrap_or_else(|| panic!("{told}"))
}

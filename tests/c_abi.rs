// SPDX-License-Identifier: MIT OR Apache-2.0

//! The programs of c-tests/: each compiled once, as a user would, linked three ways, and run.
//!
//! Against the library in build/, or, with ZS_TEST_PREFIX, against the one that is installed there.
//! A program exits with 0, or with 77 where it cannot run (76: in this kernel), and says why. It runs in
//! an empty folder, for two minutes at most. A line `/* ways: shared archive */` limits a program to these ways, and
//! `/* wraps: syscall malloc */` lets it answer these calls of the archive's (the linker's --wrap).
//!
//! With ZS_TEST_UNDER a program runs as the argument of another, such as valgrind with its options; with
//! ZS_TEST_SLOWER=n it may take n times as long; with ZS_TEST_ARCHIVE_ONLY each is linked with the archive, and
//! with nothing else (tests/sanitize.sh, tests/coverage.py).

mod support;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};
use std::time::Duration;
use std::{env, fs};
use support::{c, pkg_config, Scratch};

// One test for each program and way, found by build.rs.
include!(concat!(env!("OUT_DIR"), "/c_tests.rs"));

const LIMIT: Duration = Duration::from_secs(120);
const SKIPPED: i32 = 77;
const SKIPPED_FOR_THE_KERNEL: i32 = 76;

#[derive(Clone, Copy)]
enum Way {
    Shared,
    Archive,
    Static,
}

impl Way {
    /// Its name in the line `/* ways: ... */` of a program.
    fn name(self) -> &'static str {
        match self {
            Way::Shared => "shared",
            Way::Archive => "archive",
            Way::Static => "static",
        }
    }

    /// What the linker is given after the object.
    fn libraries(self, folder: &Path) -> Vec<String> {
        match self {
            Way::Shared => pkg_config(folder, &["--libs"]),
            Way::Archive => vec![libdir(folder).join("libzsplice.a").display().to_string()],
            Way::Static => {
                let libraries = pkg_config(folder, &["--static", "--libs"]);
                [vec!["-static".to_owned()], libraries].concat()
            }
        }
    }
}

/// Compiles, links and runs a program of c-tests/.
fn run(file: &'static str, way: Way) {
    let source = support::root().join("c-tests").join(file);
    let text = fs::read_to_string(&source).unwrap();
    if !meant_for(&text, way) {
        return;
    }
    let (folder, scratch) = (PKG_CONFIG_FOLDER.as_path(), Scratch::new());
    let arguments = [way.libraries(folder), wraps(&text)].concat();
    let program = c::link(&source, &object(file, &source), scratch.path(), &arguments);
    judge(under(&program).env("LD_LIBRARY_PATH", libdir(folder)));
}

/// The program by itself, or as the argument of what ZS_TEST_UNDER names.
fn under(program: &Path) -> Command {
    let tool = env::var("ZS_TEST_UNDER").unwrap_or_default();
    let mut words = tool.split_whitespace();
    let Some(first) = words.next() else { return Command::new(program) };
    let mut command = Command::new(first);
    command.args(words).arg(program);
    command
}

/// How many times as long everything may take.
fn slower() -> u32 {
    env::var("ZS_TEST_SLOWER").map_or(1, |times| times.parse().expect("ZS_TEST_SLOWER is a number"))
}

/// By the programs' names: each a lock of its own, so that two can be compiled at a time.
type Objects = HashMap<&'static str, Arc<OnceLock<PathBuf>>>;

/// The object of a program, compiled for the first of its ways.
fn object(file: &'static str, source: &Path) -> PathBuf {
    static OBJECTS: LazyLock<Mutex<Objects>> = LazyLock::new(Mutex::default);
    let object = Arc::clone(OBJECTS.lock().unwrap().entry(file).or_default());
    object.get_or_init(|| compile(source)).clone()
}

fn compile(source: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("objects{}", c::flags()));
    let object = folder.join(source.file_name().unwrap()).with_extension("o");
    let arguments = [vec![helpers()], pkg_config(&PKG_CONFIG_FOLDER, &["--cflags"])].concat();
    let scratch = Scratch::new();
    let complete = scratch.path().join("complete.o");
    c::object(source, &complete, &arguments);
    fs::create_dir_all(folder).unwrap();
    // Another run of the tests may be linking the old one.
    fs::rename(complete, &object).unwrap();
    object
}

/// The compiler's argument for the headers that the programs share.
fn helpers() -> String {
    format!("-I{}", support::root().join("c-tests/support").display())
}

/// The .pc of build/ describes a library that is not installed yet.
#[test]
fn uninstalled_library_is_found() {
    let source = support::root().join("c-tests/about/version_is_that_of_the_header.c");
    let (folder, scratch) = (support::built(), Scratch::new());
    let arguments = [vec![helpers()], pkg_config(folder, &["--cflags", "--libs"])].concat();
    let program = c::program(&source, scratch.path(), &arguments);
    judge(Command::new(program).env("LD_LIBRARY_PATH", libdir(folder)));
}

/// So that nobody writes a helper that is already there.
#[test]
fn readme_lists_every_shared_header() {
    let readme = support::read("c-tests/README.md");
    for header in support::files("c-tests/support", &["h"]) {
        let name = header.file_name().unwrap().to_str().unwrap();
        assert!(readme.contains(&format!("](support/{name})")), "c-tests/README.md: {name}");
    }
}

/// Whether a program is to be linked this way: all, unless it says otherwise. Where there is an archive only, all
/// are linked with that.
fn meant_for(text: &str, way: Way) -> bool {
    if env::var_os("ZS_TEST_ARCHIVE_ONLY").is_some() {
        return matches!(way, Way::Archive);
    }
    let ways = list(text, "/* ways: ");
    ways.is_none_or(|ways| ways.split_whitespace().any(|name| name == way.name()))
}

/// The linker's arguments for the calls that a program answers itself.
fn wraps(text: &str) -> Vec<String> {
    let names = list(text, "/* wraps: ").unwrap_or_default().split_whitespace();
    names.map(|name| format!("-Wl,--wrap={name}")).collect()
}

/// The rest of the comment that begins so and is a line of its own.
fn list<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(start)?.strip_suffix(" */"))
}

/// Limits of time are part of what is promised, and a busy machine may break one: a program that fails is
/// reported, and run once more with nothing beside it.
fn judge(program: &mut Command) {
    // Held for reading by a program among others, for writing by one that runs alone.
    static ALONE: RwLock<()> = RwLock::new(());
    let first = {
        let _among_others = ALONE.read();
        verdict(program)
    };
    if let Err(told) = first {
        println!("failed at first: {told}");
        let _alone = ALONE.write();
        verdict(program).unwrap_or_else(|told| panic!("{told}"));
    }
}

fn verdict(program: &mut Command) -> Result<(), String> {
    let limit = LIMIT * slower();
    let (told, status) = c::run(program, limit);
    let status = status.ok_or_else(|| format!("killed after {limit:?}\n{told}"))?;
    match status.code() {
        Some(0) => Ok(()),
        // `make ports` runs it in a kernel that has what this one lacks.
        Some(SKIPPED_FOR_THE_KERNEL) => {
            support::note(told.trim_end());
            Ok(())
        }
        Some(SKIPPED) => {
            support::skip(told.trim_end());
            Ok(())
        }
        _ => Err(format!("{status}\n{told}")),
    }
}

/// Where the zsplice.pc is that describes the library to be tested.
static PKG_CONFIG_FOLDER: LazyLock<PathBuf> =
    LazyLock::new(|| match env::var_os("ZS_TEST_PREFIX") {
        Some(prefix) => Path::new(&prefix).join("lib/pkgconfig"),
        None => support::built().to_owned(),
    });

/// Where the library is.
fn libdir(folder: &Path) -> PathBuf {
    pkg_config(folder, &["--variable=libdir"]).join(" ").into()
}

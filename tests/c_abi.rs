//! The programs of c-tests/: each compiled as a user would, linked three ways, and run.
//!
//! Against the library in build/, or, with ZS_TEST_PREFIX, against one that is installed there.
//! A program exits with 0, or with 77 where it cannot be run, and says why. It is on its own for a
//! minute, in an empty folder. One that holds a line `/* ways: shared archive */` is for these only.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};
use support::{c, pkg_config, Scratch};

// One test for each program and way, found by build.rs.
include!(concat!(env!("OUT_DIR"), "/c_tests.rs"));

const LIMIT: Duration = Duration::from_secs(60);
const SKIPPED: i32 = 77;

#[derive(Clone, Copy)]
enum Way {
    Shared,
    Archive,
    Static,
}

impl Way {
    /// As in a program's line about its ways.
    fn name(self) -> &'static str {
        match self {
            Way::Shared => "shared",
            Way::Archive => "archive",
            Way::Static => "static",
        }
    }

    /// The compiler's arguments, where `folder` has the .pc.
    fn arguments(self, folder: &Path) -> Vec<String> {
        match self {
            Way::Shared => pkg_config(folder, &["--cflags", "--libs"]),
            Way::Archive => {
                let archive = libdir(folder).join("libzsplice.a").display().to_string();
                [pkg_config(folder, &["--cflags"]), vec![archive]].concat()
            }
            Way::Static => {
                let arguments = pkg_config(folder, &["--static", "--cflags", "--libs"]);
                [vec!["-static".to_owned()], arguments].concat()
            }
        }
    }
}

/// Compiles and runs a program of c-tests/.
fn run(file: &str, way: Way) {
    let source = support::root().join("c-tests").join(file);
    if !meant_for(&fs::read_to_string(&source).unwrap(), way) {
        return;
    }
    let (folder, scratch) = (pkg_config_folder(), Scratch::new());
    let include = format!("-I{}", source.parent().unwrap().display());
    let arguments = [vec![include], way.arguments(&folder)].concat();
    let program = c::program(&source, scratch.path(), &arguments);
    judge(Command::new(program).env("LD_LIBRARY_PATH", libdir(&folder)));
}

/// Whether a program is to be linked this way: all, unless it says otherwise.
fn meant_for(text: &str, way: Way) -> bool {
    let line = text.lines().find_map(|line| line.strip_prefix("/* ways: ")?.strip_suffix(" */"));
    line.is_none_or(|ways| ways.split_whitespace().any(|name| name == way.name()))
}

/// Time limits are part of what is promised, and a busy machine may break one: what fails is told, and
/// gets a second chance.
fn judge(program: &mut Command) {
    if let Err(told) = verdict(program) {
        println!("failed at first: {told}");
        verdict(program).unwrap_or_else(|told| panic!("{told}"));
    }
}

fn verdict(program: &mut Command) -> Result<(), String> {
    let (told, status) = c::run(program, LIMIT);
    let status = status.ok_or_else(|| format!("killed after {LIMIT:?}\n{told}"))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(SKIPPED) => {
            support::skip(told.trim_end());
            Ok(())
        }
        _ => Err(format!("{status}\n{told}")),
    }
}

/// Where the zsplice.pc is that speaks of the library to be tested.
fn pkg_config_folder() -> PathBuf {
    match env::var_os("ZS_TEST_PREFIX") {
        Some(prefix) => Path::new(&prefix).join("lib/pkgconfig"),
        None => support::built().to_owned(),
    }
}

/// Where the library is.
fn libdir(folder: &Path) -> PathBuf {
    pkg_config(folder, &["--variable=libdir"]).concat().into()
}

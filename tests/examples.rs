// SPDX-License-Identifier: MIT OR Apache-2.0
//! The programs in examples/: they compile without a warning, and behave as cat(1), cp(1), tee(1) and a
//! proxy do.

#[path = "examples/cat_and_cp.rs"]
mod cat_and_cp;
#[path = "examples/ffi.rs"]
mod ffi;
#[path = "examples/loops.rs"]
mod loops;
#[path = "examples/network.rs"]
mod network;
#[path = "examples/process.rs"]
mod process;
#[path = "examples/recipes.rs"]
mod recipes;
mod support;
#[path = "examples/zproxy.rs"]
mod zproxy;
#[path = "examples/ztee.rs"]
mod ztee;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use support::{built, c, files, have, make, output, pkg_config, root, succeed, Scratch};

/// Compiles an example by the command in its first comment, which defines nothing. The program finds the
/// library by itself.
fn example(name: &str, scratch: &Scratch) -> Command {
    let rpath = format!("-Wl,-rpath,{}", built().display());
    let flags = vec!["-U_GNU_SOURCE".to_owned(), rpath];
    let arguments = [pkg_config(built(), &["--cflags", "--libs"]), flags].concat();
    let source = root().join("examples").join(name);
    Command::new(c::program(&source, scratch.path(), &arguments))
}

#[test]
fn all_compile_in_silence() {
    for source in files("examples", &["c"]) {
        example(source.file_name().unwrap().to_str().unwrap(), &Scratch::new());
    }
}

/// By the command of the README alone: with a newer gcc a function that is not declared is an error, and so are
/// two more mistakes that an older one only warns of.
#[test]
fn all_compile_by_the_command_of_the_readme() {
    assert!(
        support::read("README.md").contains("cc program.c $(pkg-config --cflags --libs zsplice)\n")
    );
    let mistakes =
        ["implicit-function-declaration", "int-conversion", "incompatible-pointer-types"];
    let errors = mistakes.map(|mistake| format!("-Werror={mistake}"));
    let sources = ["examples", "examples/loops", "examples/recipes"]
        .map(|folder| files(folder, &["c"]))
        .concat();
    for (source, standard) in
        sources.iter().flat_map(|source| ["gnu17", "c11"].map(|s| (source, s)))
    {
        let Some(packages) = packages(source) else { continue };
        let (scratch, mut compiler) = (Scratch::new(), Command::new("cc"));
        compiler
            .arg(format!("-std={standard}"))
            .args(&errors)
            .args(["-Werror", "-Wsign-conversion"]);
        compiler.arg("-o").arg(scratch.path().join("program")).arg(source);
        succeed(compiler.args(packages));
    }
}

/// What pkg-config prints about the packages that the command in the first comment names, or about zsplice if there
/// is no command. None: one of them is missing.
fn packages(source: &Path) -> Option<Vec<String>> {
    let text = support::read(source);
    let command = text.split("$(pkg-config --cflags --libs ").nth(1);
    let command = command.map_or("zsplice", |rest| rest.split(')').next().unwrap());
    let mut arguments = Vec::new();
    for package in command.split_whitespace() {
        let mut pkg_config = Command::new("pkg-config");
        let known = output(
            pkg_config.args(["--cflags", "--libs", package]).env("PKG_CONFIG_PATH", built()),
        );
        if !known.status.success() {
            support::skip(&format!(
                "pkg-config does not know {package} (Debian: libuv1-dev, libevent-dev)"
            ));
            return None;
        }
        arguments.extend(support::shell_words(&known.stdout));
    }
    Some(arguments)
}

#[test]
fn make_builds_all_of_them() {
    let told = succeed(&mut make(["examples"]));
    let folder = built().join("examples");
    let programs =
        ["examples", "examples/loops", "examples/recipes"].map(|place| files(place, &["c"]));
    for source in programs.concat() {
        let name = source.strip_prefix(root().join("examples")).unwrap().with_extension("");
        let skipped =
            told.contains(&format!("skipped: {}", source.strip_prefix(root()).unwrap().display()));
        assert!(folder.join(&name).exists() != skipped, "{}: {told}", name.display());
        assert!(!skipped || name.starts_with("loops"), "{told}");
    }
}

#[test]
fn demo_finds_every_byte() {
    let scratch = Scratch::new();
    let zcat = example("zcat.c", &scratch);
    let demo = root().join("examples/demo.sh");
    succeed(Command::new(demo).arg(zcat.get_program()).env("TMPDIR", scratch.path()));
}

/// A file of 8 MiB, from a file to a file: one system call carries it, and none reads it.
#[test]
fn zcat_leaves_the_bytes_to_the_kernel() {
    if !have("strace") {
        return;
    }
    let scratch = Scratch::new();
    let (zcat, trace) = (example("zcat.c", &scratch), scratch.path().join("trace"));
    let input = scratch.write("input", &"zsplice ".repeat(1 << 20));
    let output = scratch.path().join("output");
    let mut strace = Command::new("strace");
    strace.arg("-e").arg("trace=read,write,sendfile,splice,copy_file_range").arg("-o").arg(&trace);
    strace.arg(zcat.get_program()).arg(&input).stdout(Stdio::from(File::create(&output).unwrap()));
    assert!(strace.status().unwrap().success());
    assert!(fs::read(&input).unwrap() == fs::read(&output).unwrap());
    let trace = fs::read_to_string(trace).unwrap();
    let carried: u64 = results(&trace, |call| call != "read" && call != "write");
    let read: u64 = results(&trace, |call| call == "read" || call == "write");
    assert!(carried == 8 << 20 && read < 64 << 10, "{trace}");
}

/// The sum of what the calls of a kind have returned.
fn results(trace: &str, kind: fn(&str) -> bool) -> u64 {
    let calls = trace.lines().filter(|line| line.split('(').next().is_some_and(kind));
    calls.filter_map(|line| line.rsplit_once("= ")?.1.parse::<u64>().ok()).sum()
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The documents: their C compiles and runs, the manual is clean, links and names lead somewhere, and
//! the version is the same everywhere.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use support::manual::{self, Page};
use support::{built, c, files, have, output, pkg_config, read, root, told, Scratch};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Compiles C from a document, and runs it if it is a program, for at most a minute.
fn try_out(whose: &str, text: &str) {
    let scratch = Scratch::new();
    let included =
        if text.contains("#include <zsplice.h>") { "" } else { "#include <zsplice.h>\n" };
    let source = scratch.write("shown.c", &format!("{included}{text}"));
    let arguments = pkg_config(built(), &["--cflags", "--libs"]);
    if !text.contains("int main(") {
        return c::compiles(&source, &arguments);
    }
    let mut program = Command::new(c::program(&source, scratch.path(), &arguments));
    program.env("LD_LIBRARY_PATH", built());
    let (told, status) = c::run(&mut program, Duration::from_secs(60));
    assert!(status.is_some_and(|status| status.success()), "{whose}: {status:?}: {told}\n{text}");
}

/// The blocks of a document that are fenced as C.
fn fenced_c(text: &str) -> Vec<String> {
    let blocks = text.split("\n```c\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn readme_compiles_and_runs() {
    let blocks = fenced_c(&read("README.md"));
    assert!(!blocks.is_empty());
    blocks.iter().for_each(|block| try_out("README.md", block));
}

/// The pages that are not stubs.
fn pages() -> Vec<Page> {
    manual::pages().into_iter().filter(|page| page.target().is_none()).collect()
}

#[test]
fn examples_of_the_manual_compile_and_run() {
    for page in pages() {
        page.examples().iter().for_each(|example| try_out(&page.file, example));
    }
}

/// Together with the header, so that a prototype which differs is an error.
#[test]
fn synopses_compile() {
    for page in pages() {
        let scratch = Scratch::new();
        let text = format!("#include <zsplice.h>\n{}", page.synopsis());
        let source = scratch.write(&format!("{}.c", page.name), &text);
        c::compiles(&source, &pkg_config(built(), &["--cflags"]));
    }
}

/// The warnings of a formatter.
fn complaints(formatter: &[&str], page: &Page) -> String {
    let mut command = Command::new(formatter[0]);
    told(&output(command.args(&formatter[1..]).arg(root().join("man").join(&page.file))))
}

#[test]
fn groff_has_nothing_to_say() {
    if have("groff") {
        for page in pages() {
            // -z: it formats, but does not print; -t: there are tables.
            assert_eq!(complaints(&["groff", "-t", "-man", "-Tutf8", "-ww", "-z"], &page), "");
        }
    }
}

#[test]
fn mandoc_has_nothing_to_say() {
    if have("mandoc") {
        for page in pages() {
            assert_eq!(complaints(&["mandoc", "-T", "lint", "-W", "warning"], &page), "");
        }
    }
}

/// The targets of a document's links within this tree.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains(':')).collect()
}

#[test]
fn links_lead_somewhere() {
    for path in files("", &["md"]) {
        for link in links(&read(&path)) {
            assert!(root().join(link).exists(), "{}: {link}", path.display());
        }
    }
}

/// All files of the tree except what is built.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kept =
        entries.filter(|path| !["build", "target", ".git"].iter().any(|name| path.ends_with(name)));
    kept.flat_map(|path| if path.is_dir() { tree(&path) } else { vec![path] }).collect()
}

/// Files beside the tree on one machine are missing on another.
#[test]
fn nothing_names_what_lies_beside_the_tree() {
    let beside = concat!("../", "shared");
    for path in tree(root()) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains(beside), "{}", path.display());
    }
}

#[test]
fn version_of_the_header_is_that_of_cargo_toml() {
    let header = read("include/zsplice.h");
    for (name, number) in ["MAJOR", "MINOR", "PATCH"].iter().zip(VERSION.split('.')) {
        assert!(header.contains(&format!("\n#define ZS_VERSION_{name} {number}\n")), "{name}");
    }
}

#[test]
fn version_of_pkg_config_is_that_of_cargo_toml() {
    assert_eq!(pkg_config(built(), &["--modversion"]), [VERSION]);
}

#[test]
fn news_begin_with_this_version() {
    let news = read("NEWS.md");
    let entry = news.lines().find(|line| line.starts_with("## ")).unwrap();
    assert!(entry.split([' ', ',']).any(|word| word == VERSION), "{entry}");
}

/// Files are named after the version: libzsplice.so.0, libzsplice.so.0.1.0.
#[test]
fn version_in_documents_is_that_of_cargo_toml() {
    for path in files("", &["md"]) {
        for rest in read(&path).split("libzsplice.so.").skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let named = rest[..end].trim_end_matches('.');
            assert!(VERSION.starts_with(named), "{}: {named}", path.display());
        }
    }
}

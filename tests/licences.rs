// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where the crates come from, and under which licences: what is linked into the library, and what only builds and
//! tests it.

mod support;

use std::collections::BTreeMap;
use std::env;
use std::iter::Peekable;
use std::process::Command;
use std::str::SplitWhitespace;
use support::{read, root};

/// The licence expressions of crates, by their names and versions.
type Licences = BTreeMap<String, String>;

/// Of what is linked into the library: the project's own terms.
const LINKED: &[&str] = &["MIT", "Apache-2.0"];

/// Of what only runs while it is built and tested. (MPL-2.0 is cbindgen's, which prints the header.)
const BUILDING: &[&str] = &["MIT", "Apache-2.0", "Unlicense", "Unicode-3.0", "MPL-2.0"];

/// Whether a licence expression (SPDX) can be met with these licences.
fn is_met(expression: &str, allowed: &[&str]) -> bool {
    // What a slash means in old manifests.
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words, allowed) == Some(true) && words.next().is_none()
}

type Words<'a> = Peekable<SplitWhitespace<'a>>;

/// None: it is no expression.
fn either(words: &mut Words<'_>, allowed: &[&str]) -> Option<bool> {
    let mut met = both(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        met |= both(words, allowed)?;
    }
    Some(met)
}

fn both(words: &mut Words<'_>, allowed: &[&str]) -> Option<bool> {
    let mut met = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed)?;
    }
    Some(met)
}

/// A licence, with its exception, or an expression in parentheses.
fn one(words: &mut Words<'_>, allowed: &[&str]) -> Option<bool> {
    let name = words.next()?;
    if name == "(" {
        let met = either(words, allowed)?;
        return (words.next()? == ")").then_some(met);
    }
    // An exception allows more than the licence does.
    if words.next_if_eq(&"WITH").is_some() {
        words.next()?;
    }
    Some(allowed.contains(&name))
}

/// What `cargo tree` lists with these arguments, but for the project itself. None: the crates are not there.
fn tree(arguments: &[&str]) -> Option<Licences> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["tree", "--locked", "--offline", "--prefix", "none"]);
    let output = cargo.args(["--format", "{p}|{l}"]).args(arguments).output().unwrap();
    if !output.status.success() {
        support::skip("cargo tree: the crates of Cargo.lock are not downloaded");
        return None;
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let crates = text.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
    let crates = crates.map(|(name, licence)| (name.to_owned(), licence.to_owned()));
    Some(crates.filter(|(name, _)| !name.starts_with("zsplice ")).collect())
}

fn refuse_others(crates: &Licences, allowed: &[&str]) {
    for (name, licence) in crates {
        assert!(is_met(licence, allowed), "{name} has the licence {licence:?}");
    }
}

#[test]
fn library_is_linked_with_nothing_but_two_crates_of_its_own_licences() {
    let Some(crates) = tree(&["--edges", "normal", "--no-default-features"]) else { return };
    let names: Vec<_> = crates.keys().map(|name| name.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["errno", "libc"]);
    refuse_others(&crates, LINKED);
}

#[test]
fn what_builds_and_tests_it_is_free() {
    let Some(crates) = tree(&["--edges", "normal,build,dev"]) else { return };
    assert!(crates.len() > 2);
    refuse_others(&crates, BUILDING);
}

/// Not from a git repository, nor from a folder, and pinned by a checksum.
#[test]
fn every_crate_comes_from_the_registry_and_is_pinned() {
    let lock = read("Cargo.lock");
    for package in lock.split("\n[[package]]\n").skip(1) {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
            line.map(|value| value.trim_matches('"'))
        };
        let name = value("name").unwrap();
        if name == "zsplice" {
            assert_eq!((value("source"), value("checksum")), (None, None));
            continue;
        }
        let source = value("source").unwrap_or_default();
        assert!(source.starts_with("registry+"), "{name}: {source}");
        let checksum = value("checksum").unwrap_or_default();
        assert!(checksum.len() == 64 && checksum.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
    }
}

#[test]
fn expressions_are_understood() {
    for met in ["MIT", "MIT OR GPL-3.0", "GPL-3.0 OR MIT AND Apache-2.0", "MIT/Apache-2.0"] {
        assert!(is_met(met, LINKED), "{met}");
    }
    for met in ["(GPL-3.0 OR MIT) AND Apache-2.0", "Apache-2.0 WITH LLVM-exception"] {
        assert!(is_met(met, LINKED), "{met}");
    }
    for unmet in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR X) AND Y", "MIT OR", "MIT X", "(MIT"] {
        assert!(!is_met(unmet, LINKED), "{unmet}");
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! include/zsplice.h: printed from the sources as they are, and good in every C and C++.

mod support;

use std::process::Command;
use support::{found, have, output, root, told, Scratch};

const C: [&str; 5] = ["c89", "c99", "c11", "c17", "c2x"];
const CPP: [&str; 6] = ["c++98", "c++11", "c++14", "c++17", "c++20", "c++2b"];
const STRICT: [&str; 7] = [
    "-Wall",
    "-Wextra",
    "-pedantic-errors",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wundef",
    "-Werror",
];

#[cfg(feature = "header")]
#[test]
fn is_what_the_sources_say() {
    let printed = include_str!(concat!(env!("OUT_DIR"), "/zsplice.h"));
    let difference = difference(&support::read("include/zsplice.h"), printed);
    assert!(difference.is_empty(), "include/zsplice.h is stale: make header\n{difference}");
}

/// The lines from the first that differs to the last, as diff(1) shows them, but at most 10 of each
/// text. Empty: the texts are equal.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[start..], &new[start..]);
    let same = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[..old.len() - same], &new[..new.len() - same]);
    if old.is_empty() && new.is_empty() {
        return String::new();
    }
    let shown = |sign: &str, lines: &[&str]| {
        let first = lines.iter().take(10).map(|line| format!("{sign}{line}\n"));
        let more = lines.len().saturating_sub(10);
        let note = if more == 0 { String::new() } else { format!("{sign}... {more} more\n") };
        first.collect::<String>() + &note
    };
    format!("line {}:\n{}{}", start + 1, shown("-", old), shown("+", new))
}

#[test]
fn a_stale_header_is_told_by_its_lines() {
    assert_eq!(difference("a\nb\nc\n", "a\nb\nc\n"), "");
    assert_eq!(difference("a\nb\nc\n", "a\nx\nc\n"), "line 2:\n-b\n+x\n");
    assert_eq!(difference("a\nc\n", "a\nb\nc\n"), "line 2:\n+b\n");
    let long = "a\n".repeat(12);
    assert_eq!(difference(&long, ""), format!("line 1:\n{}-... 2 more\n", "-a\n".repeat(10)));
}

#[test]
fn has_lines_of_100_columns_at_most() {
    let header = support::read("include/zsplice.h");
    let long: Vec<_> = header.lines().filter(|line| line.chars().count() > 100).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn compiles_with_gcc() {
    compiles_with("gcc");
}

#[test]
fn compiles_with_clang() {
    compiles_with("clang");
}

/// tcc has no attributes, no C++, and few options. It is optional in CI, too.
#[test]
fn compiles_with_tcc() {
    if found("tcc") {
        let faults = ["c99", "c11"].map(|standard| faults("tcc", &["-Wall", "-Werror"], standard));
        assert!(faults.concat().is_empty(), "{}", faults.concat());
    }
}

/// About a dropped result, and about a handle that is freed by the wrong function (gcc 11 and newer).
#[test]
fn warns_of_mistakes_with_gcc() {
    if !have("gcc") {
        return;
    }
    let relay = "zs_relay *relay = zs_relay_new(0, 1, 1, NULL, 0);";
    for (mistake, warning) in [
        ("zs_copy(0, NULL, 1, NULL, 1, NULL, NULL);".to_owned(), "unused-result"),
        ("zs_bridge(0, 1, 2, 3, NULL, NULL);".to_owned(), "unused-result"),
        (format!("{relay} free(relay);"), "mismatched-dealloc"),
    ] {
        let scratch = Scratch::new();
        let text =
            format!("#include <zsplice.h>\n#include <stdlib.h>\nvoid f(void) {{ {mistake} }}\n");
        let mut command = Command::new("gcc");
        command
            .args(["-Wall", "-c", "-o"])
            .arg(scratch.path().join("o"))
            .arg("-I")
            .arg(root().join("include"));
        let told = told(&output(command.arg(scratch.write("mistake.c", &text))));
        assert!(told.contains(&format!("[-W{warning}]")), "{mistake}: {told}");
    }
}

/// The header twice, with nothing before it, and what is frozen in it: tests/consumers/header.c.
fn compiles_with(compiler: &str) {
    if !have(compiler) {
        return;
    }
    let c = [&["-x", "c", "-Wstrict-prototypes"], &STRICT[..]].concat();
    let cpp = [&["-x", "c++"], &STRICT[..]].concat();
    let c = C.map(|standard| faults(compiler, &c, standard));
    let cpp = CPP.map(|standard| faults(compiler, &cpp, standard));
    let faults = c.concat() + &cpp.concat();
    assert!(faults.is_empty(), "{faults}");
}

/// The compiler's warnings; there should be none.
fn faults(compiler: &str, options: &[&str], standard: &str) -> String {
    let scratch = Scratch::new();
    let mut command = Command::new(compiler);
    command.args(options).arg(format!("-std={standard}"));
    command.arg("-I").arg(root().join("include")).arg("-c").arg("-o").arg(scratch.path().join("o"));
    let output = output(command.arg(root().join("tests/consumers/header.c")));
    let (said, failed) = (told(&output), !output.status.success());
    if failed || !said.is_empty() {
        format!("{standard}: {said}\n")
    } else {
        String::new()
    }
}

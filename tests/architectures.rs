// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the sources say of processors, and tests/architectures/run, which runs the C tests on them.

mod support;

use std::collections::BTreeSet;
use std::fs::read_dir;
use std::process::Command;
use support::{output, read, root};

/// What rustc sets for a target, whether its libraries are installed or not.
fn facts(target: &str) -> BTreeSet<String> {
    let told = output(Command::new("rustc").args(["--print", "cfg", "--target", target]));
    assert!(told.status.success(), "{told:?}");
    String::from_utf8_lossy(&told.stdout).lines().map(str::to_owned).collect()
}

/// x32 cannot be compiled here: it is refused under a condition that holds for it, and for no other.
#[test]
fn x32_is_refused() {
    let attribute =
        "#[cfg(all(target_arch = \"x86_64\", target_pointer_width = \"32\"))]\ncompile_error!(";
    assert!(read("src/lib.rs").contains(attribute));
    let is_refused = |target: &str| {
        let facts = facts(target);
        ["target_arch=\"x86_64\"", "target_pointer_width=\"32\""]
            .iter()
            .all(|fact| facts.contains(*fact))
    };
    assert!(is_refused("x86_64-unknown-linux-gnux32"));
    for (arch, target) in targets() {
        assert!(!is_refused(&target), "{arch}");
    }
}

/// The architectures of tests/architectures/run, and Rust's names of them.
fn targets() -> Vec<(String, String)> {
    let script = read("tests/architectures/run");
    let rows = script.lines().filter_map(|line| line.strip_prefix("\t[")?.split_once("]='"));
    let named =
        |(arch, rest): (&str, &str)| (arch.to_owned(), rest.split(' ').next().unwrap().to_owned());
    let targets: Vec<_> = rows.map(named).collect();
    assert!(targets.len() >= 7, "{targets:?}");
    targets
}

/// The unwind tables need a personality routine, and global_asm! is not stable everywhere: the two conditions
/// in src/lib.rs have to be opposites.
#[test]
fn every_processor_has_one_personality_routine() {
    let lib = read("src/lib.rs");
    let listed = |start: &str| {
        let rest = lib.split_once(start).expect("the condition").1;
        let list = rest.split_once("))").expect("its end").0;
        list.split_whitespace().collect::<String>()
    };
    assert_eq!(
        listed("#[cfg(any(\n        target_arch"),
        listed("#[cfg(not(any(\n        target_arch")
    );
}

#[test]
fn exceptions_name_what_is_there() {
    let is_program = |name: &str| {
        let folders = read_dir(root().join("c-tests")).unwrap();
        folders.flatten().any(|folder| folder.path().join(name).with_extension("c").is_file())
    };
    let mut names: BTreeSet<_> = targets().into_iter().map(|(arch, _)| arch).collect();
    names.extend(["musl", "qemu-user"].map(str::to_owned));
    for line in read("tests/architectures/exceptions").lines().filter(|line| !line.starts_with('#'))
    {
        let words: Vec<_> = line.splitn(4, ' ').collect();
        let [name, program, what, reason] = words[..] else { panic!("{line}") };
        assert!(names.contains(name) && is_program(program), "{line}");
        assert!(
            ["fails", "may-fail", "cannot-build", "hangs"].contains(&what) && !reason.is_empty(),
            "{line}"
        );
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! What those who package the library rely on.

mod support;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{
    built, c, has_crates, have, interface, make, output, pkg_config, read, root, succeed, Scratch,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const NAME: &str = concat!("zsplice-", env!("CARGO_PKG_VERSION"));

/// The source of a crate that Cargo.lock names.
fn crate_source(name: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["metadata", "--format-version=1", "--offline", "--filter-platform", env!("TARGET")])
        .current_dir(root());
    let metadata = succeed(&mut cargo);
    let manifests = metadata.split("\"manifest_path\":\"").skip(1);
    let mut folders =
        manifests.map(|rest| Path::new(rest.split('"').next().unwrap()).parent().unwrap());
    let is_it = |folder: &&Path| {
        let file = folder.file_name().unwrap().to_str().unwrap();
        file.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("-0."))
    };
    folders.find(is_it).unwrap_or_else(|| panic!("{name} is in {metadata}")).to_owned()
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    succeed(Command::new("cp").arg("-R").arg(from).arg(to));
}

/// A folder of crates as distributions have it: those that the library needs, and no dependency for
/// another system.
fn system_crates(scratch: &Scratch) -> PathBuf {
    let registry = scratch.path().join("registry");
    fs::create_dir(&registry).unwrap();
    for name in ["libc", "errno"] {
        let folder = registry.join(name);
        copy(&crate_source(name), &folder);
        fs::write(folder.join(".cargo-checksum.json"), r#"{"files":{},"package":null}"#).unwrap();
        let manifest = folder.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let sections = text.split("\n[").filter(|section| !section.contains("windows"));
        fs::write(manifest, sections.collect::<Vec<_>>().join("\n[")).unwrap();
    }
    registry
}

#[test]
fn builds_with_libc_and_errno_alone() {
    built();
    let scratch = Scratch::new();
    let registry = format!("SYSTEM_CRATES={}", system_crates(&scratch).display());
    // make knows no target with a space in its name, as the whole path may have.
    let folder = scratch.path().strip_prefix(root()).unwrap_or(scratch.path()).join("build");
    let build = format!("BUILD={}", folder.display());
    // Nothing may come from cargo's own folder, or from the network.
    succeed(make([&registry, &build]).env("CARGO_HOME", scratch.path().join("home")));
    succeed(make([&registry, &build]).arg("--question"));
    let library = root().join(folder).join("libzsplice.a").display().to_string();
    let arguments = [pkg_config(built(), &["--cflags"]), vec![library]].concat();
    let source = root().join("tests/consumers/program.c");
    succeed(&mut Command::new(c::program(&source, scratch.path(), &arguments)));
}

/// What a make that fails says, but for make's own lines.
fn complaint(make: &mut Command) -> String {
    let output = output(make.env("LC_ALL", "C"));
    assert!(!output.status.success(), "{make:?} succeeds");
    let told = String::from_utf8(output.stderr).unwrap();
    told.lines().filter(|line| !line.starts_with("make")).collect::<Vec<_>>().join("\n")
}

/// A cargo of Debian 12, which cannot read Cargo.toml.
fn old_cargo(scratch: &Scratch) -> String {
    let cargo = scratch.write("cargo", "#!/bin/sh\necho 'cargo 1.65.0'\n");
    fs::set_permissions(&cargo, Permissions::from_mode(0o755)).unwrap();
    // make runs it there; the whole path may have spaces.
    format!("CARGO={}", cargo.strip_prefix(root()).unwrap_or(&cargo).display())
}

/// Where nothing can be written: a folder that is closed, or for root, to whom none is, no folder at all.
fn closed(scratch: &Scratch) -> PathBuf {
    // SAFETY: geteuid(2) touches no memory.
    if unsafe { libc::geteuid() } == 0 {
        return scratch.write("closed", "");
    }
    let folder = scratch.path().join("closed");
    fs::DirBuilder::new().mode(0o500).create(&folder).unwrap();
    folder
}

#[test]
fn says_in_one_line_what_is_missing() {
    built();
    let scratch = Scratch::new();
    // make knows no target with a space in its name, as the whole path may have.
    let build = scratch.path().strip_prefix(root()).unwrap_or(scratch.path()).join("build");
    let build = format!("BUILD={}", build.display());
    let prefix = format!("PREFIX={}/usr/local", closed(&scratch).display());
    let old_cargo = old_cargo(&scratch);
    let rust = "1.85 or later is needed (Debian 13: cargo; elsewhere: rustup)";
    for (words, expected) in [
        (["all", &build, &old_cargo], format!("cargo is of Rust 1.65.0: {rust}")),
        (
            ["all", &build, "CARGO=carg"],
            format!("carg is not installed: Rust {rust}, or set CARGO"),
        ),
        (
            ["all", &build, "CC=cco -m64"],
            "cco -m64 is not installed (Debian: gcc), or set CC".into(),
        ),
        (
            ["all", &build, "CC=riscv99-linux-gnu-gcc"],
            "gnu-gcc is not installed (Debian: gcc-riscv99-linux-gnu), or set CC".into(),
        ),
        (["all", &build, "AR=arr"], "arr is not installed (Debian: binutils), or set AR".into()),
        (
            ["all", &build, "OBJCOPY=objcop"],
            "objcop is not installed (Debian: binutils), or set OBJCOPY".into(),
        ),
        (
            ["build/examples/zcat", "PKG_CONFIG=pkg", "--what-if=examples/zcat.c"],
            "pkg is not installed (Debian: pkg-config), or set PKG_CONFIG".into(),
        ),
        (
            ["install", &prefix, "LDCONFIG=:"],
            "closed: install as root, or set PREFIX or DESTDIR".into(),
        ),
    ] {
        let told = complaint(&mut make(words));
        assert!(!told.contains('\n') && told.starts_with("zsplice: "), "{words:?}: {told}");
        assert!(told.ends_with(&expected), "{words:?}: {told}, not {expected}");
    }
}

/// In Turkish, the a-z of sed has no i, and in many languages printf writes 0,5.
#[test]
fn scripts_depend_on_no_language() {
    for line in read("Makefile").lines().filter(|line| !line.starts_with('#')) {
        assert!(!line.contains("a-z"), "Makefile: letters that depend on the language: {line}");
    }
    let scripts =
        succeed(make(["--eval=scripts:; @echo $(SCRIPTS)", "scripts"]).env("LC_ALL", "C"));
    assert!(scripts.contains("contrib/dist.sh"), "{scripts}");
    // These run in a kernel of their own, where there is no other language.
    let in_guest = ["tests/ports/initrd", "tests/ports/init", "tests/ports/files"];
    for script in scripts.split_whitespace().filter(|script| !in_guest.contains(script)) {
        let text = read(script);
        let in_c = |line: &str| line.starts_with("export ") && line.contains("LC_ALL=C");
        let is_program = text.starts_with("#!");
        assert!(!is_program || text.lines().any(in_c), "{script}: no export LC_ALL=C");
    }
}

/// Packs a source tree, as `make tarball` does. Who packs it, and when, makes no difference.
fn packed(tree: &Path, folder: &Path) -> PathBuf {
    let mut dist = Command::new("sh");
    dist.args(["-c", "umask 077; exec \"$@\"", "sh"]).arg(tree.join("contrib/dist.sh")).arg(folder);
    succeed(dist.arg(VERSION).env("TZ", "Asia/Tokyo"));
    folder.join(format!("{NAME}.tar.xz"))
}

#[test]
fn tarball_packs_itself_again() {
    if !have("xz") || !have("git") {
        return;
    }
    let scratch = Scratch::new();
    let first = packed(root(), &scratch.path().join("first"));
    succeed(Command::new("tar").arg("-xf").arg(&first).current_dir(scratch.path()));
    let tree = scratch.path().join(NAME);
    fs::create_dir(tree.join("build")).unwrap();
    assert!(!tree.join(".git").exists() && tree.join("Cargo.lock").exists());
    let second = packed(&tree, &scratch.path().join("second"));
    assert!(fs::read(&first).unwrap() == fs::read(second).unwrap());
    let listed = succeed(Command::new("tar").arg("-tvf").arg(&first));
    assert!(listed
        .lines()
        .all(|line| line.starts_with("drwxr-xr-x 0/0") || line[1..].starts_with("rw")));
    assert!(listed
        .lines()
        .any(|line| line.starts_with("-rwxr-xr-x 0/0") && line.ends_with("dist.sh")));
}

#[test]
fn tarball_with_crates_needs_no_network() {
    if !have("xz") || !have("git") || !has_crates() {
        return;
    }
    let scratch = Scratch::new();
    let mut dist = Command::new(root().join("contrib/dist.sh"));
    dist.arg(scratch.path()).args([VERSION, "vendored"]).env("CARGO", env!("CARGO"));
    // The least compression: it is unpacked at once.
    succeed(dist.env("XZ_OPT", "-0"));
    let tarball = format!("{NAME}-vendored.tar.xz");
    succeed(Command::new("tar").args(["-xf", &tarball]).current_dir(scratch.path()));
    let mut check = Command::new(env!("CARGO"));
    check.args(["check", "--lib", "--locked", "--offline", "--no-default-features"]);
    check.current_dir(scratch.path().join(NAME)).env("CARGO_HOME", scratch.path().join("home"));
    succeed(check.env("CARGO_TARGET_DIR", scratch.path().join("target")));
}

/// Each function, with the version of the package that has had it first: node ZSPLICE_0.1 since 0.1.0.
#[test]
fn symbols_of_debian_are_the_map() {
    let mut expected = BTreeSet::new();
    for (node, functions) in interface::map(&read("zsplice.map")) {
        let since = format!("{}.0", node.strip_prefix("ZSPLICE_").unwrap());
        expected.insert(format!("{node}@{node} {since}"));
        expected.extend(functions.iter().map(|function| format!("{function}@{node} {since}")));
    }
    let text = read("debian/libzsplice0.symbols");
    let symbols = text.lines().filter_map(|line| line.strip_prefix(' ')).map(str::to_owned);
    assert_eq!(symbols.collect::<BTreeSet<_>>(), expected);
}

/// Those who package the library take the version from elsewhere than Cargo.toml.
#[test]
fn packages_have_the_version_of_the_crate() {
    for (file, line) in [
        ("debian/changelog", format!("zsplice ({VERSION}-1)")),
        ("contrib/zsplice.spec", format!("Version:        {VERSION}")),
        ("contrib/PKGBUILD", format!("pkgver={VERSION}")),
        ("contrib/APKBUILD", format!("pkgver={VERSION}")),
    ] {
        assert!(read(file).lines().any(|text| text.starts_with(&line)), "{file}: {line}");
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! contrib/release.sh, in a repository of its own: what it refuses to release, and what it makes.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{has_crates, have, output, read, root, succeed, told, Scratch};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const NAME: &str = concat!("zsplice-", env!("CARGO_PKG_VERSION"));
const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// A command in a repository, which no configuration of this machine's and no make changes.
fn command(program: impl AsRef<Path>, tree: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(tree).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", tree);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "x").env(format!("GIT_{who}_EMAIL"), "x@x.invalid");
    }
    for variable in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "XDG_CONFIG_HOME", "GIT_DIR"] {
        command.env_remove(variable);
    }
    command
}

fn git(tree: &Path, arguments: &[&str]) -> String {
    succeed(command("git", tree).args(arguments))
}

fn release(tree: &Path, arguments: &[&str]) -> Output {
    output(command(tree.join("contrib/release.sh"), tree).args(arguments).env("XZ_OPT", "-0"))
}

/// Changes a file of a repository: one text in it, which is there, becomes another.
fn change(tree: &Path, file: &str, from: &str, to: &str) {
    let path = tree.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file}: {from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// The first line of a document that begins so.
fn line(file: &str, start: &str) -> String {
    let text = read(file);
    text.lines().find(|line| line.starts_with(start)).unwrap().to_owned()
}

/// The node of the map that this version belongs to.
fn node() -> String {
    format!("ZSPLICE_{}", VERSION.rsplit_once('.').unwrap().0)
}

/// This source in a repository of its own, ready for a release, whatever it lacks for one. None: there is no git.
fn repository(scratch: &Scratch) -> Option<PathBuf> {
    if !have("git") {
        return None;
    }
    let tree = scratch.path().join("repository");
    fs::create_dir(&tree).unwrap();
    let mut tar = Command::new("sh");
    tar.args([
        "-c",
        r#"tar -c --exclude=./build --exclude=./target --exclude=./.git . | tar -x -C "$0""#,
    ]);
    succeed(tar.arg(&tree).current_dir(root()));
    change(&tree, "NEWS.md", &line("NEWS.md", "## "), &format!("## {VERSION} - 2026-01-31"));
    let news = fs::read_to_string(tree.join("debian/changelog")).unwrap();
    fs::write(tree.join("debian/changelog"), news.replacen("UNRELEASED", "unstable", 1)).unwrap();
    for file in ["README.md", "SECURITY.md"] {
        fs::write(tree.join(file), read(file).replace("in the making", "made")).unwrap();
    }
    fs::copy(tree.join("zsplice.map"), tree.join("tests/released.map")).unwrap();
    git(&tree, &["init", "--quiet"]);
    git(&tree, &["add", "--all"]);
    git(&tree, &["commit", "--quiet", "--message", "x"]);
    Some(tree)
}

#[test]
fn what_agrees_can_be_released_and_no_tag_is_made() {
    let scratch = Scratch::new();
    let Some(tree) = repository(&scratch) else { return };
    let output = release(&tree, &[]);
    assert_eq!(told(&output), format!("release: {VERSION} can be released\n"));
    assert!(output.status.success());
    assert_eq!(git(&tree, &["tag"]), "");
    assert!(!release(&tree, &["--tags"]).status.success());
}

/// A change to a file, and the one line that tells it.
type Case = (&'static str, String, String, String);

fn cases() -> Vec<Case> {
    let other = "7.8.9";
    let quoted = format!("\"{VERSION}\"");
    let heading = format!("## {VERSION} - 2026-01-31");
    let [major, minor, patch] = VERSION.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let case = |file, from: &str, to: &str, told: &str| {
        (file, from.to_owned(), to.to_owned(), format!("release: {file}: {told}\n"))
    };
    let is_not = |what: &str| format!("{what} is not {VERSION}");
    let define = |name: &str, number: &str| format!("#define ZS_VERSION_{name} {number}");
    let header = "include/zsplice.h";
    let in_spec = line("contrib/zsplice.spec", "Version:");
    let python = "bindings/python/zsplice/_version.py";
    let no_date = format!("{VERSION} has no date, such as 2026-01-31");
    let newest = is_not("the newest entry");
    let lock = format!("name = \"zsplice\"\nversion = {quoted}");
    vec![
        case("Cargo.lock", &lock, &lock.replace(VERSION, other), &is_not("the version")),
        case(header, &define("MAJOR", major), &define("MAJOR", "77"), &is_not("ZS_VERSION_MAJOR")),
        case(header, &define("MINOR", minor), &define("MINOR", "77"), &is_not("ZS_VERSION_MINOR")),
        case(header, &define("PATCH", patch), &define("PATCH", "77"), &is_not("ZS_VERSION_PATCH")),
        case("contrib/zsplice.spec", &in_spec, "Version: 7.8.9", &is_not("Version")),
        case("contrib/PKGBUILD", &format!("={VERSION}"), "=7.8.9", &is_not("pkgver")),
        case("contrib/APKBUILD", &format!("={VERSION}"), "=7.8.9", &is_not("pkgver")),
        case(python, &quoted, "\"7.8.9\"", &is_not("__version__")),
        case("CMakeLists.txt", "Cargo.toml", "x", "the version is not taken from Cargo.toml"),
        case(
            "meson.build",
            "files('Cargo.toml')",
            "'x'",
            "the version is not taken from Cargo.toml",
        ),
        case("NEWS.md", &heading, &heading.replace(VERSION, other), &newest),
        case("NEWS.md", &heading, &format!("## {VERSION} - unreleased"), &no_date),
        case("NEWS.md", &heading, &format!("## {VERSION} - 2026-02-31"), &no_date),
        case("debian/changelog", VERSION, other, &newest),
        case("debian/changelog", "unstable", "UNRELEASED", "the newest entry is UNRELEASED"),
        case(
            "contrib/zsplice.spec",
            &format!("- {VERSION}-"),
            "- 7.8.9-",
            &is_not("the newest entry of %changelog"),
        ),
        case(
            "README.md",
            "\n",
            "\nIt is in the making.\n",
            "it says that something is in the making",
        ),
        case(
            "SECURITY.md",
            "\n",
            "\nIt is in the making.\n",
            "it says that something is in the making",
        ),
        case("tests/released.map", &node(), "ZSPLICE_7.8", &format!("it has no {}", node())),
        case(
            "tests/released.map",
            "\tzs_copy;\n",
            "",
            &format!("{} is not what zsplice.map has", node()),
        ),
    ]
}

#[test]
fn each_disagreement_is_one_line() {
    let scratch = Scratch::new();
    let Some(tree) = repository(&scratch) else { return };
    for (file, from, to, expected) in cases() {
        change(&tree, file, &from, &to);
        git(&tree, &["commit", "--quiet", "--all", "--message", "x"]);
        let output = release(&tree, &["--tag"]);
        assert_eq!((told(&output), output.status.success()), (expected, false));
        git(&tree, &["reset", "--quiet", "--hard", "HEAD~"]);
    }
    fs::write(tree.join("more"), "").unwrap();
    let dirty = "release: git: something here is not committed\n";
    assert_eq!(told(&release(&tree, &["--tag"])), dirty);
    fs::remove_file(tree.join("more")).unwrap();
    assert_eq!(git(&tree, &["tag"]), "");
    git(&tree, &["tag", TAG]);
    let again = format!("release: git: there is a tag {TAG} already\n");
    assert_eq!(told(&release(&tree, &["--tag"])), again);
}

#[test]
fn tag_and_tarballs_are_of_one_name() {
    if !have("xz") || !has_crates() {
        return;
    }
    let scratch = Scratch::new();
    let Some(tree) = repository(&scratch) else { return };
    // Of cargo's own folder only the crates are needed.
    let mut run = command(tree.join("contrib/release.sh"), &tree);
    run.arg("--tag").env("XZ_OPT", "-0").env("CARGO", env!("CARGO"));
    if let Some(home) = std::env::var_os("HOME") {
        run.env("HOME", home);
    }
    let told = succeed(&mut run);
    assert!(told.contains(&format!("release: {TAG} is made")), "{told}");
    assert_eq!(git(&tree, &["describe"]).trim(), TAG);
    assert_eq!(git(&tree, &["cat-file", "-t", TAG]).trim(), "tag");
    assert_eq!(git(&tree, &["status", "--porcelain"]), "");
    let sums = fs::read_to_string(tree.join("build/dist/SHA256SUMS")).unwrap();
    let mut names: Vec<_> = sums.lines().map(|line| line.split("  ").nth(1).unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, [format!("{NAME}-vendored.tar.xz"), format!("{NAME}.tar.xz")]);
}

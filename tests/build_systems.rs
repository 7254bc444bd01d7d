// SPDX-License-Identifier: MIT OR Apache-2.0

//! CMake, Meson and Autotools find the installed library, and CMake and Meson build it as a part of
//! another project. Each configures, builds and runs tests/consumers/program.c.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{built, found, make, output, read, root, skip, succeed, told, Scratch};

/// Whether these tools are installed: each with the Debian package that has it.
fn have(tools: &[(&str, &str)]) -> bool {
    let missing = tools.iter().find(|(tool, _)| !found(tool));
    if let Some((tool, package)) = missing {
        skip(&format!("{tool} is not installed (Debian: {package})"));
    }
    missing.is_none()
}

const CMAKE: [(&str, &str); 2] = [("cmake", "cmake"), ("ninja", "ninja-build")];
const MESON: [(&str, &str); 2] = [("meson", "meson"), ("ninja", "ninja-build")];
const AUTOTOOLS: [(&str, &str); 2] = [("autoconf", "autoconf"), ("automake", "automake")];

/// An installation, and where its libraries are in it.
struct Installed {
    prefix: PathBuf,
    libdir: PathBuf,
}

/// Installs to the prefix `name` in a folder, with the libraries in `libdir` there.
fn install(folder: &Path, name: &str, libdir: &str) -> Installed {
    built();
    let prefix = folder.join(name);
    let libdir = prefix.join(libdir);
    let directories = [("PREFIX", &prefix), ("LIBDIR", &libdir)];
    let variables = directories.map(|(name, value)| format!("{name}={}", value.display()));
    succeed(make(["install", "LDCONFIG=:"]).args(variables));
    Installed { prefix, libdir }
}

/// A program that was just built must run, and find the shared library by itself.
fn runs(program: &Path) {
    succeed(Command::new(program).env_remove("LD_LIBRARY_PATH"));
}

/// The argument of make that has cargo compile nothing again: where it has compiled for build/.
fn compiled() -> String {
    format!("TARGET={}", built().join("cargo").display())
}

/// Configures the project of tests/consumers/cmake in `folder`.
fn cmake(folder: &Path, generator: &str, definitions: &[String]) -> Command {
    let mut command = Command::new("cmake");
    command.arg("-S").arg(root().join("tests/consumers/cmake")).arg("-B").arg(folder);
    command
        .arg("-G")
        .arg(generator)
        .args(definitions.iter().map(|definition| format!("-D{definition}")));
    command
}

fn build_with_cmake(folder: &Path) {
    succeed(Command::new("cmake").arg("--build").arg(folder));
    ["shared", "cpp", "static"].iter().for_each(|program| runs(&folder.join(program)));
}

const FOUND: &str = concat!("zsplice_VERSION=", env!("CARGO_PKG_VERSION"));

/// Versions that a project may ask for, and whether this one fits: SONAME is libzsplice.so.0.
const VERSIONS: [(&str, bool); 7] = [
    ("1.0", false),
    ("0.999", false),
    ("0.0.1...<0.1", false),
    ("0.0.1...0.1", true),
    ("0.0.1...<1", true),
    ("0.1.0;EXACT", true),
    ("0.0", true),
];

fn prefix_path(installed: &Installed) -> String {
    format!("CMAKE_PREFIX_PATH={}", installed.prefix.display())
}

#[test]
fn cmake_finds_the_package() {
    if !have(&CMAKE) {
        return;
    }
    let scratch = Scratch::new();
    let mut installed = install(scratch.path(), "prefix", "lib");
    // It may be moved.
    let moved = scratch.path().join("another place");
    fs::rename(&installed.prefix, &moved).unwrap();
    installed.prefix = moved;
    let build = scratch.path().join("build");
    for (version, fits) in VERSIONS {
        let definitions = [prefix_path(&installed), format!("VERSION={version}")];
        let output = output(&mut cmake(&build, "Ninja", &definitions));
        let told = told(&output).replace("\n  ", " ");
        assert_eq!(output.status.success(), fits, "{version}: {told}");
        let expected = if fits { FOUND } else { "not accepted:" };
        assert!(told.contains(expected), "{version}: {told}");
    }
    build_with_cmake(&build);
}

/// Directories that have no prefix in common.
#[test]
fn cmake_finds_the_headers_elsewhere() {
    if !have(&CMAKE) {
        return;
    }
    let scratch = Scratch::new();
    built();
    let place = |name: &str| scratch.path().join(name).display().to_string();
    let directories =
        [("PREFIX", place("p")), ("LIBDIR", place("l+/lib")), ("INCLUDEDIR", place("i"))];
    let variables = directories.map(|(name, value)| format!("{name}={value}"));
    succeed(make(["install", "LDCONFIG=:"]).args(variables));
    let build = scratch.path().join("build");
    succeed(&mut cmake(
        &build,
        "Ninja",
        &[format!("zsplice_DIR={}/cmake/zsplice", place("l+/lib"))],
    ));
    build_with_cmake(&build);
}

#[test]
fn cmake_builds_the_source() {
    if !have(&CMAKE) {
        return;
    }
    let scratch = Scratch::new();
    let build = scratch.path().join("build");
    let source = format!("SOURCE={}", root().display());
    let arguments = format!("ZSPLICE_MAKE_ARGUMENTS={}", compiled());
    let prefix = scratch.path().join("prefix");
    let definitions = [source, arguments, "ZSPLICE_INSTALL=ON".to_owned()];
    succeed(&mut cmake(&build, "Unix Makefiles", &definitions));
    build_with_cmake(&build);
    succeed(Command::new("cmake").arg("--install").arg(&build).arg("--prefix").arg(&prefix));
    assert!(prefix.join("include/zsplice.h").exists());
}

/// A folder with the project of tests/consumers/`name`, and the program.
fn project(scratch: &Scratch, name: &str, files: &[&str]) -> PathBuf {
    let (folder, consumers) = (scratch.path().join(name), root().join("tests/consumers"));
    fs::create_dir(&folder).unwrap();
    for file in files {
        fs::copy(consumers.join(name).join(file), folder.join(file)).unwrap();
    }
    fs::copy(consumers.join("program.c"), folder.join("program.c")).unwrap();
    folder
}

fn meson(project: &Path, arguments: &[String]) -> PathBuf {
    let build = project.join("build");
    succeed(Command::new("meson").arg("setup").args(arguments).arg(&build).arg(project));
    succeed(Command::new("ninja").arg("-C").arg(&build));
    ["shared", "static"].iter().for_each(|program| runs(&build.join(program)));
    build
}

#[test]
fn meson_finds_the_library() {
    if !have(&MESON) {
        return;
    }
    let scratch = Scratch::new();
    if !scratch.path().to_str().is_some_and(str::is_ascii) {
        // pkg-config puts a backslash before each byte of such a letter, which Meson 1.0 takes for UTF-8.
        return skip("Meson cannot read what pkg-config says of a path that is not ASCII");
    }
    let installed = install(scratch.path(), "prefix", "lib/some-triplet");
    let pkg_config = installed.libdir.join("pkgconfig");
    let project = project(&scratch, "meson", &["meson.build"]);
    meson(&project, &[format!("-Dpkg_config_path={}", pkg_config.display())]);
}

#[test]
fn meson_builds_the_subproject() {
    if !have(&MESON) {
        return;
    }
    let scratch = Scratch::new();
    let project = project(&scratch, "meson", &["meson.build"]);
    let subprojects = project.join("subprojects");
    fs::create_dir(&subprojects).unwrap();
    let readme = read("README.md");
    let wrap = readme.split("\n```ini\n").nth(1).and_then(|rest| rest.split("```").next());
    fs::write(subprojects.join("zsplice.wrap"), wrap.unwrap()).unwrap();
    symlink(root(), subprojects.join("zsplice")).unwrap();
    meson(
        &project,
        &[
            format!("-Dzsplice:make_arguments={}", compiled()),
            "--wrap-mode=forcefallback".to_owned(),
        ],
    );
}

/// Through pkg-config's PKG_CHECK_MODULES.
#[test]
fn autotools_find_the_library() {
    if !have(&AUTOTOOLS) {
        return;
    }
    let scratch = Scratch::new();
    let installed = install(scratch.path(), "prefix", "lib");
    let project = project(&scratch, "autotools", &["configure.ac", "Makefile.am"]);
    succeed(Command::new("autoreconf").arg("--install").current_dir(&project));
    let mut configure = Command::new("./configure");
    configure.arg("--disable-dependency-tracking").current_dir(&project);
    succeed(configure.env("PKG_CONFIG_PATH", installed.libdir.join("pkgconfig")));
    succeed(Command::new("make").current_dir(&project));
    succeed(Command::new(project.join("program")).env("LD_LIBRARY_PATH", &installed.libdir));
}

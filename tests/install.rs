// SPDX-License-Identifier: MIT OR Apache-2.0

//! `make install` and `make uninstall`: which files go where, that they work there, and that they are
//! removed again.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{symlink, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{built, c, files, make, pkg_config, root, succeed, Scratch};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The directories of an installation, and the make variables that name them.
struct Place {
    variables: Vec<String>,
    /// DESTDIR: prepended to the directories below.
    destdir: PathBuf,
    libdir: String,
    includedir: String,
    mandir: String,
}

impl Place {
    /// Everything below one prefix.
    fn prefix(prefix: &Path) -> Place {
        let prefix = prefix.display();
        Place {
            variables: vec![format!("PREFIX={prefix}")],
            destdir: PathBuf::new(),
            libdir: format!("{prefix}/lib"),
            includedir: format!("{prefix}/include"),
            mandir: format!("{prefix}/share/man"),
        }
    }

    /// As a packager does it: with DESTDIR, one directory below the prefix and one elsewhere.
    fn package(destdir: &Path) -> Place {
        let (libdir, includedir) = ("/opt/zs-1.0+b/lib/some-triplet", "/usr/include/zs");
        let mandir = "/opt/zs-1.0+b/man";
        let variables = [
            format!("DESTDIR={}", destdir.display()),
            "PREFIX=/opt/zs-1.0+b".to_owned(),
            format!("LIBDIR={libdir}"),
            format!("INCLUDEDIR={includedir}"),
            format!("MANDIR={mandir}"),
        ];
        Place {
            variables: variables.to_vec(),
            destdir: destdir.to_owned(),
            libdir: libdir.to_owned(),
            includedir: includedir.to_owned(),
            mandir: mandir.to_owned(),
        }
    }

    fn make(&self, target: &str) -> Command {
        built();
        // A test must not change the system's cache.
        let mut command = make([target, "LDCONFIG=:"]);
        command.args(&self.variables);
        command
    }

    /// A path with DESTDIR prepended.
    fn at(&self, path: &str) -> PathBuf {
        format!("{}{path}", self.destdir.display()).into()
    }

    /// All files that should be there, each with its mode, or the target of a link.
    fn expected(&self) -> BTreeMap<PathBuf, String> {
        let (lib, soname) =
            (&self.libdir, concat!("libzsplice.so.", env!("CARGO_PKG_VERSION_MAJOR")));
        let mut expected = vec![
            (format!("{}/zsplice.h", self.includedir), "644".to_owned()),
            (format!("{lib}/libzsplice.a"), "644".to_owned()),
            (format!("{lib}/libzsplice.so.{VERSION}"), "755".to_owned()),
            (format!("{lib}/{soname}"), format!("-> libzsplice.so.{VERSION}")),
            (format!("{lib}/libzsplice.so"), format!("-> {soname}")),
            (format!("{lib}/pkgconfig/zsplice.pc"), "644".to_owned()),
            (format!("{lib}/cmake/zsplice/zsplice-config.cmake"), "644".to_owned()),
            (format!("{lib}/cmake/zsplice/zsplice-config-version.cmake"), "644".to_owned()),
        ];
        for page in files("man", &["3", "7"]) {
            let (name, section) = (page.file_name().unwrap(), page.extension().unwrap());
            let (name, section) = (name.to_str().unwrap(), section.to_str().unwrap());
            expected.push((format!("{}/man{section}/{name}", self.mandir), "644".to_owned()));
        }
        expected.into_iter().map(|(path, what)| (self.at(&path), what)).collect()
    }
}

/// All files in a folder and below.
fn tree(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut tree = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_dir() {
            tree.append(&mut self::tree(&path));
        } else if metadata.is_symlink() {
            let target = fs::read_link(&path).unwrap();
            tree.insert(path, format!("-> {}", target.display()));
        } else {
            tree.insert(path, format!("{:o}", metadata.permissions().mode() & 0o7777));
        }
    }
    tree
}

/// Installs, checks, and uninstalls.
fn comes_and_goes(place: &Place, folder: &Path) {
    succeed(&mut place.make("install"));
    assert_eq!(tree(folder), place.expected());
    succeed(&mut place.make("uninstall"));
    assert_eq!(tree(folder), BTreeMap::new());
    // Uninstalling nothing is not a failure.
    succeed(&mut place.make("uninstall"));
}

#[test]
fn comes_and_goes_below_a_prefix() {
    let scratch = Scratch::new();
    comes_and_goes(&Place::prefix(scratch.path()), scratch.path());
}

#[test]
fn comes_and_goes_as_a_packager_wants() {
    let scratch = Scratch::new();
    // A folder with a space in its name.
    let destdir = scratch.path().join("a package");
    fs::create_dir(&destdir).unwrap();
    comes_and_goes(&Place::package(&destdir), &destdir);
}

#[test]
fn pkg_config_knows_where_it_will_be() {
    let scratch = Scratch::new();
    let place = Place::package(scratch.path());
    succeed(&mut place.make("install"));
    let folder = place.at(&place.libdir).join("pkgconfig");
    let (libs, cflags) = (format!("-L{}", place.libdir), format!("-I{}", place.includedir));
    assert_eq!(pkg_config(&folder, &["--libs"]), [libs.as_str(), "-lzsplice"]);
    assert_eq!(pkg_config(&folder, &["--static", "--libs"]), [libs.as_str(), "-lzsplice"]);
    assert_eq!(pkg_config(&folder, &["--cflags"]), [cflags]);
    assert_eq!(pkg_config(&folder, &["--modversion"]), [VERSION]);
    assert_eq!(pkg_config(&folder, &["--variable=prefix"]), ["/opt/zs-1.0+b"]);
}

#[test]
fn programs_find_it_there() {
    let scratch = Scratch::new();
    // What pkg-config has to write differently for a shell.
    let place = Place::prefix(&scratch.path().join("bir yol ğüş"));
    succeed(&mut place.make("install"));
    let lib = Path::new(&place.libdir);
    let arguments = pkg_config(&lib.join("pkgconfig"), &["--cflags", "--libs"]);
    let source = root().join("tests/consumers/program.c");
    let both = scratch.path().join("program.cc");
    fs::copy(&source, &both).unwrap();
    for source in [source, both] {
        let program = c::program(&source, scratch.path(), &arguments);
        succeed(Command::new(program).env("LD_LIBRARY_PATH", lib));
    }
}

/// Root, who installs, may not have a compiler.
#[test]
fn installing_compiles_nothing() {
    let scratch = Scratch::new();
    let (tools, prefix) = (scratch.path().join("tools"), scratch.path().join("prefix"));
    fs::create_dir(&tools).unwrap();
    for tool in ["cargo", "rustc", "cc", "gcc", "ar", "objcopy"] {
        symlink("/bin/false", tools.join(tool)).unwrap();
    }
    let path = [tools.to_str().unwrap(), &std::env::var("PATH").unwrap()].join(":");
    let mut install = Place::prefix(&prefix).make("install");
    for variable in ["CARGO", "CC", "AR", "OBJCOPY"] {
        install.env_remove(variable);
    }
    succeed(install.env("PATH", path));
}

#[test]
fn building_again_does_nothing() {
    built();
    succeed(make(["all"]).arg("--question"));
}

/// Whether installing there updates the dynamic linker's cache.
fn renews_the_cache(place: &Place) -> bool {
    built();
    let scratch = Scratch::new();
    let trace = scratch.path().join("trace");
    let ldconfig = format!("LDCONFIG=touch {}", trace.display());
    succeed(make(["install", &ldconfig]).args(&place.variables));
    trace.exists()
}

#[test]
fn the_cache_is_renewed_by_root_and_not_for_a_package() {
    let scratch = Scratch::new();
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    assert_eq!(renews_the_cache(&Place::prefix(scratch.path())), is_root);
    assert!(!renews_the_cache(&Place::package(scratch.path())));
}

//! Prints the header with cbindgen (feature `header`), lists the C tests, and gives cargo's own
//! shared library the name that the installed one has.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    println!("cargo:rerun-if-changed=build.rs");
    link();
    // The `cc` crate asks for it, in tests that compile C.
    println!("cargo:rustc-env=TARGET={}", env::var("TARGET").expect("cargo sets TARGET"));
    fs::write(out.join("c_tests.rs"), c_tests(Path::new("c-tests"))).expect("OUT_DIR is writable");
    #[cfg(feature = "header")]
    fs::write(out.join("zsplice.h"), header::print()).expect("OUT_DIR is writable");
}

/// As in the Makefile, which links what is installed.
fn link() {
    let soname = concat!("libzsplice.so.", env!("CARGO_PKG_VERSION_MAJOR"));
    for argument in [&format!("-Wl,-soname,{soname}"), "-Wl,-z,defs", "-lc"] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}

/// One #[test] for each C program and way of linking it (tests/c_abi.rs).
fn c_tests(folder: &Path) -> String {
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut programs: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    programs.retain(|path| path.extension().is_some_and(|kind| kind == "c" || kind == "cc"));
    programs.sort();
    let mut tests = String::new();
    for (module, way) in [("shared", "Shared"), ("archive", "Archive"), ("full_static", "Static")] {
        let _ = writeln!(tests, "mod {module} {{\n    use super::*;");
        for program in &programs {
            let (name, file) = (program.file_stem().unwrap(), program.file_name().unwrap());
            let (name, file) = (name.to_str().unwrap(), file.to_str().unwrap());
            let _ = writeln!(tests, "    #[test]\n    fn {name}() {{");
            let _ = writeln!(tests, "        run({file:?}, Way::{way});\n    }}");
        }
        let _ = writeln!(tests, "}}");
    }
    tests
}

#[cfg(feature = "header")]
mod header {
    use cbindgen::{Builder, Config, ItemType};
    use std::fs;

    /// The files of src/abi that hold the types of all others.
    const TYPES: [&str; 3] = ["../constants", "types", "options"];
    /// Those with functions, in the order of their sections.
    const SECTIONS: [&str; 8] =
        ["call", "retry", "full", "copy", "fanout", "bridge", "relay", "about"];

    const BEFORE: &str = "\
/* zsplice.h - moves bytes between descriptors inside the Linux kernel. See zsplice(7).
 *
 * What holds for every function:
 *
 * - Functions that move bytes return how many, or -1 with errno set.
 * - After a success errno holds what it held before the call. After a failure it holds the error
 *   that decided the outcome, and result->error equals it.
 * - From a _full function and zs_copy a count below `len` means that the input ended, and nothing
 *   else.
 * - Offsets are int64_t on every platform. NULL: the descriptor's own position is used and advanced.
 *   Not NULL: read and written there, advanced by what has moved; the position stays.
 * - Descriptors are never closed, and their flags never changed.
 * - Any thread, any time: no lock is held across a system call. No function is a cancellation
 *   point, and none unwinds into the caller. The calls, _retry and _full are also safe to call from a
 *   signal handler and between fork and exec; the others allocate memory.
 *
 * Printed by cbindgen from src/abi (make header). SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef ZSPLICE_H
#define ZSPLICE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern \"C\" {
#endif

/** A direction of bytes, in the caller's event loop: zs_relay_new. */
typedef struct zs_relay zs_relay;
/** Pipes that relays share: zs_pool_new. */
typedef struct zs_pool zs_pool;

";
    const AFTER: &str = "
#ifdef __cplusplus
}
#endif

#endif /* ZSPLICE_H */
";

    /// The whole header: what is no function first, then a section for each file's functions.
    pub fn print() -> String {
        for file in ["src/abi", "src/constants.rs", "cbindgen.toml"] {
            println!("cargo:rerun-if-changed={file}");
        }
        let kinds = [ItemType::Constants, ItemType::Structs];
        let mut header = BEFORE.to_owned() + &items(&[&TYPES[..], &SECTIONS].concat(), &kinds);
        for section in SECTIONS {
            header += &banner(section);
            header += &items(&[&TYPES[..], &[section]].concat(), &[ItemType::Functions]);
        }
        header + AFTER
    }

    /// What `sections` hold of these kinds, as C.
    fn items(sections: &[&str], kinds: &[ItemType]) -> String {
        let mut config = Config::from_file("cbindgen.toml").expect("cbindgen.toml is readable");
        config.export.item_types = kinds.to_vec();
        let builder = Builder::new().with_config(config);
        let builder = sections.iter().fold(builder, |builder, name| builder.with_src(path(name)));
        let mut text = Vec::new();
        builder.generate().expect("cbindgen reads src/abi").write(&mut text);
        String::from_utf8(text).expect("cbindgen writes UTF-8")
    }

    /// A section's heading: what its file says of itself.
    fn banner(section: &str) -> String {
        let source = fs::read_to_string(path(section)).expect("src/abi is readable");
        let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
        let lines: Vec<_> = lines.map(|line| format!("\n *{line}")).collect();
        format!("\n/*{} */\n\n", lines.concat().trim_start_matches("\n *"))
    }

    fn path(section: &str) -> String {
        format!("src/abi/{section}.rs")
    }
}

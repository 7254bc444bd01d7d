// SPDX-License-Identifier: MIT OR Apache-2.0

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
fn c_tests(root: &Path) -> String {
    let mut programs: Vec<_> = entries(root).iter().flat_map(|folder| entries(folder)).collect();
    programs.retain(|path| path.extension().is_some_and(|kind| kind == "c" || kind == "cc"));
    programs.sort();
    let mut tests = String::new();
    for (module, way) in [("shared", "Shared"), ("archive", "Archive"), ("full_static", "Static")] {
        let _ = writeln!(tests, "mod {module} {{\n    use super::*;");
        for program in &programs {
            let (name, file) = (program.file_stem().unwrap(), program.strip_prefix(root).unwrap());
            let (name, file) = (name.to_str().unwrap(), file.to_str().unwrap());
            let _ = writeln!(tests, "    #[test]\n    fn {name}() {{");
            let _ = writeln!(tests, "        run({file:?}, Way::{way});\n    }}");
        }
        let _ = writeln!(tests, "}}");
    }
    tests
}

/// What a folder holds. Cargo runs this script again when that changes.
fn entries(folder: &Path) -> Vec<PathBuf> {
    if folder.is_dir() {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    fs::read_dir(folder)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default()
}

#[cfg(feature = "header")]
mod header {
    use cbindgen::{Builder, Config, DocumentationStyle, ItemType, Language};
    use std::fmt::Write as _;
    use std::fs;

    /// The files of src/abi that hold the types of all others.
    const TYPES: [&str; 2] = ["types", "options"];

    /// The constants in groups: prefix, heading, and digits of the values if they are hexadecimal. A
    /// constant is in the first group that it has the prefix of.
    const GROUPS: [(&str, &str, Option<usize>); 7] = [
        ("ZS_TO_", "", Some(16)),
        ("ZS_VIA_", "/* Mechanisms: zs_result.via and zs_options.avoid. */\n", Some(2)),
        ("ZS_SIDE_", "/* Sides: zs_result.side. */\n", None),
        ("ZS_EVENTS_", "/* Events: given to zs_duplex_run. */\n", Some(8)),
        ("ZS_WANT_", "/* What to wait for: returned by zs_relay_run. */\n", None),
        ("ZS_RELAY_", "/* Flags of zs_relay_new, beside ZS_NOSIGPIPE and ZS_STABLE. */\n", Some(5)),
        ("ZS_", "/* Flags: zs_options.flags. */\n", Some(4)),
    ];

    const BEFORE: &str = "\
/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * zsplice.h - moves bytes between descriptors inside the Linux kernel. See zsplice(7).
 *
 * What holds for every function:
 *
 * - Functions that move bytes return how many, or -1 with errno set. Functions that make a handle
 *   return it, or NULL with errno set. Others return 0, or -1 with errno set.
 * - After a success errno has the value it had before the call. After a failure it is the error
 *   that decided the outcome, and result->error equals it.
 * - If zs_copy, zs_fanout or a _full function returns fewer than `len` bytes, or zs_relay_run
 *   returns 0 before `len` bytes are delivered, the input has ended: there is no other reason. The
 *   calls and _retry may return fewer for any reason that the kernel has.
 * - Offsets are int64_t on every platform. NULL: the descriptor's own offset is used and advanced.
 *   Not NULL: bytes are read or written there, *off is advanced by the bytes moved, and the
 *   descriptor's own offset stays.
 * - The caller's descriptors are never closed, and their flags never changed.
 * - Any thread may call any function at any time: no lock is held across a system call. No function
 *   is a cancellation point, and none unwinds into the caller. The calls, _retry and _full are also
 *   safe to call from a signal handler and between fork and exec; the others allocate memory.
 *
 * Printed by cbindgen from src/ (make header); do not edit. */

#ifndef ZSPLICE_H
#define ZSPLICE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The compiler warns if the result is not used. Define it empty before including this to turn that
 * off. */
#ifndef ZS_NODISCARD
#ifdef __GNUC__
#define ZS_NODISCARD __attribute__((warn_unused_result))
#else
#define ZS_NODISCARD
#endif
#endif

/* No function throws C++ exceptions. */
#if defined(__cplusplus) && __cplusplus >= 201103L
#define ZS_NOEXCEPT noexcept
#else
#define ZS_NOEXCEPT
#endif

/* The compiler warns if what the function returns is freed by another function than this. */
#if defined(__GNUC__) && __GNUC__ >= 11 && !defined(__clang__)
#define ZS_FREED_BY(function) __attribute__((malloc(function, 1)))
#else
#define ZS_FREED_BY(function)
#endif

#ifdef __cplusplus
extern \"C\" {
#endif
";
    const OPTIONS_INIT: &str = "
/* Initializes a struct zs_options with the defaults, in C and C++:
 * struct zs_options options = ZS_OPTIONS_INIT; */
#define ZS_OPTIONS_INIT { sizeof(struct zs_options), 0, 0, 0, 0, 0, NULL, NULL, 0, 0 }
";
    const DUPLEX: &str = "\
/** Both directions of bytes. Opaque. */
typedef struct zs_duplex zs_duplex;
/** Pipes that relays share; see zs_pool_new. Opaque. */
typedef struct zs_pool zs_pool;
";
    const RELAY: &str = "\
/** One direction of bytes. Opaque. */
typedef struct zs_relay zs_relay;
";
    const AFTER: &str = "
#ifdef __cplusplus
}
#endif

#endif /* ZSPLICE_H */
";

    /// The whole header: what most programs need comes first.
    pub fn print() -> String {
        for file in ["src/abi", "src/constants.rs", "cbindgen.toml", "Cargo.toml"] {
            println!("cargo:rerun-if-changed={file}");
        }
        let constants = constants();
        let group = |prefix| group(&constants, prefix);
        let [result, options] = structs();
        let duplex = [DUPLEX, &group("ZS_EVENTS_"), "\n"].concat();
        let relay = [RELAY, &group("ZS_WANT_"), &group("ZS_RELAY_"), "\n"].concat();
        [
            BEFORE,
            &group("ZS_TO_"),
            &result,
            &group("ZS_VIA_"),
            &group("ZS_SIDE_"),
            &options,
            &group("ZS_"),
            OPTIONS_INIT,
            &section("copy", ""),
            &section("fanout", ""),
            &section("bridge", ""),
            &section("duplex", &duplex),
            &section("relay", &relay),
            &section("full", ""),
            &section("retry", ""),
            &section("call", ""),
            &section("about", &version()),
            AFTER,
        ]
        .concat()
    }

    struct Constant {
        name: String,
        value: u64,
        is_signed: bool,
        comment: String,
    }

    impl Constant {
        /// Its definition, the name `width` columns wide, the value in hexadecimal if it has `digits`.
        fn line(&self, width: usize, digits: Option<usize>) -> String {
            let Constant { name, value, is_signed, comment } = self;
            let value = match digits {
                Some(digits) => format!("{value:#0width$x}", width = digits + 2),
                None => value.to_string(),
            };
            let suffix = if *is_signed { "" } else { "u" };
            let line = format!("#define {name:width$} {value}{suffix} /* {comment} */\n");
            assert!(line.len() <= 101, "too long for one line of the header: {line}");
            line
        }
    }

    /// What src/constants.rs holds, as cbindgen reads it. Printed as C++ a constant has a type.
    fn constants() -> Vec<Constant> {
        let mut config = config(&[ItemType::Constants]);
        config.language = Language::Cxx;
        config.documentation_style = DocumentationStyle::Cxx;
        let text = generate(config, &["../constants"]);
        let mut constants = Vec::new();
        let mut comment = Vec::new();
        for line in text.lines() {
            if let Some(text) = line.strip_prefix("///") {
                comment.push(text.trim());
            } else if let Some(constant) = line.strip_prefix("static const ") {
                constants.push(constant_of(constant, comment.join(" ")));
                comment.clear();
            }
        }
        constants
    }

    /// `uint32_t NAME = 1;`
    fn constant_of(declaration: &str, comment: String) -> Constant {
        let words: Vec<_> = declaration.trim_end_matches(';').split(' ').collect();
        let [kind, name, "=", value] = words[..] else { panic!("{declaration}") };
        let value = match value {
            "UINT32_MAX" => u32::MAX.into(),
            "UINT64_MAX" => u64::MAX,
            _ => value.parse().unwrap_or_else(|_| panic!("{declaration}")),
        };
        Constant { name: name.to_owned(), value, is_signed: kind == "int", comment }
    }

    /// The group with this prefix: its heading, and each constant on a line of its own.
    fn group(constants: &[Constant], prefix: &str) -> String {
        let group_of = |name: &str| GROUPS.iter().find(|(prefix, ..)| name.starts_with(prefix));
        let of_group = |constant: &&Constant| {
            group_of(&constant.name).is_some_and(|(of_constant, ..)| *of_constant == prefix)
        };
        let (_, heading, digits) = group_of(prefix).expect("a group");
        let group: Vec<_> = constants.iter().filter(of_group).collect();
        let width = group.iter().map(|constant| constant.name.len()).max().expect("a constant");
        let lines = group.iter().map(|constant| constant.line(width, *digits));
        format!("\n{heading}{}", lines.collect::<String>())
    }

    /// struct zs_result and struct zs_options. cbindgen prints what a function needs, as zs_copy does.
    fn structs() -> [String; 2] {
        let text = generate(config(&[ItemType::Structs]), &[&TYPES[..], &["copy"]].concat());
        let (result, options) = text.split_once("\n};\n").expect("two structures");
        [result, options.trim_end_matches("\n};\n")].map(|text| format!("\n{}\n}};\n", text.trim()))
    }

    /// The version in Cargo.toml, for the preprocessor.
    fn version() -> String {
        let mut text = "/* The version of this header. */\n".to_owned();
        for (name, number) in [
            ("MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
            ("MINOR", env!("CARGO_PKG_VERSION_MINOR")),
            ("PATCH", env!("CARGO_PKG_VERSION_PATCH")),
        ] {
            let _ = writeln!(text, "#define ZS_VERSION_{name} {number}");
        }
        text + "/* The same as one number, to compare. */\n\
            #define ZS_VERSION ((ZS_VERSION_MAJOR << 16) | (ZS_VERSION_MINOR << 8) | ZS_VERSION_PATCH)\n\n"
    }

    /// The functions of a file below what the file says of itself and what goes before them.
    fn section(file: &str, before: &str) -> String {
        let source = fs::read_to_string(path(file)).expect("src/abi is readable");
        let lines = source.lines().filter_map(|line| line.strip_prefix("//!"));
        let lines: Vec<_> = lines.map(|line| format!("\n *{line}")).collect();
        let banner = format!("\n/*{} */\n\n", lines.concat().trim_start_matches("\n *"));
        let functions = generate(config(&[ItemType::Functions]), &[&TYPES[..], &[file]].concat());
        banner + before + &functions
    }

    fn config(kinds: &[ItemType]) -> Config {
        let mut config = Config::from_file("cbindgen.toml").expect("cbindgen.toml is readable");
        config.export.item_types = kinds.to_vec();
        config
    }

    /// What these files hold, as C.
    fn generate(config: Config, files: &[&str]) -> String {
        let builder = Builder::new().with_config(config);
        let builder = files.iter().fold(builder, |builder, file| builder.with_src(path(file)));
        let mut text = Vec::new();
        builder.generate().expect("cbindgen reads src").write(&mut text);
        // cbindgen gives what follows the parameters a line of its own.
        String::from_utf8(text).expect("cbindgen writes UTF-8").replace(")\nZS_", ") ZS_")
    }

    fn path(file: &str) -> String {
        format!("src/abi/{file}.rs")
    }
}

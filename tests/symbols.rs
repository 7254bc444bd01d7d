// SPDX-License-Identifier: MIT OR Apache-2.0

//! The built library as linker and loader see it.

mod support;

use std::fs;
use std::process::Command;
use support::{built, c, interface, succeed, Scratch};

/// The names of libc that the archive may need. No wrapper of a call that can block: those are
/// cancellation points.
const WANTED: [&str; 20] = [
    "__errno_location",
    "bcmp",
    "calloc",
    "clock_gettime",
    "fcntl",
    "free",
    "fstat",
    "fstatfs",
    "getauxval",
    "getenv",
    "ioctl",
    "lseek",
    "malloc",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "strlen",
    "syscall",
    "tcgetattr",
];

/// The output of a binutils program about a file in build/.
fn says(tool: &str, arguments: &[&str], file: &str) -> String {
    succeed(Command::new(tool).args(arguments).arg(built().join(file)))
}

fn readelf(what: &str) -> String {
    says("readelf", &["--wide", what], "libzsplice.so")
}

/// The symbols of the archive: the last word of each line of nm.
fn archive_symbols(which: &[&str]) -> Vec<String> {
    let symbols = says("nm", which, "libzsplice.a");
    let names = symbols.lines().filter(|line| !line.ends_with(':'));
    names.filter_map(|line| line.split_whitespace().next_back().map(str::to_owned)).collect()
}

/// The values in brackets of the dynamic section's entries with this tag.
fn dynamic(tag: &str) -> Vec<String> {
    let section = readelf("--dynamic");
    let lines = section.lines().filter(|line| line.contains(tag));
    lines
        .filter_map(|line| Some(line.split_once('[')?.1.trim_end_matches(']').to_owned()))
        .collect()
}

#[test]
fn exports_nothing_but_ours_under_a_version() {
    let foreign: Vec<_> = interface::exports()
        .into_iter()
        .flat_map(|(node, names)| names.into_iter().map(move |name| (name, node.clone())))
        .filter(|(name, node)| !name.starts_with("zs_") || !node.starts_with("ZSPLICE_"))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn is_named_after_its_major_version() {
    let soname = concat!("libzsplice.so.", env!("CARGO_PKG_VERSION_MAJOR"));
    assert_eq!(dynamic("(SONAME)"), [soname]);
}

#[test]
fn needs_libc_only() {
    let needed = dynamic("(NEEDED)");
    assert!(matches!(&needed[..], [one] if one.starts_with("libc.")), "{needed:?}");
}

#[test]
fn is_read_only_once_it_is_loaded() {
    let (dynamic, segments) = (readelf("--dynamic"), readelf("--program-headers"));
    assert!(segments.contains("GNU_RELRO"), "{segments}");
    assert!(dynamic.contains("NOW"), "{dynamic}");
    assert!(!dynamic.contains("TEXTREL"), "{dynamic}");
}

#[test]
fn has_no_executable_stack() {
    let segments = readelf("--program-headers");
    let stack = segments.lines().find(|line| line.contains("GNU_STACK")).unwrap();
    assert!(stack.contains(" RW "), "{stack}");
}

#[test]
fn is_smaller_than_96_kb() {
    let scratch = Scratch::new();
    let stripped = scratch.path().join("stripped");
    succeed(Command::new("strip").arg("-o").arg(&stripped).arg(built().join("libzsplice.so")));
    let size = fs::metadata(stripped).unwrap().len();
    assert!(size < 96_000, "{size}");
}

#[test]
fn archive_holds_no_global_but_ours() {
    let mut ours: Vec<_> = interface::header().into_iter().map(|function| function.name).collect();
    ours.sort();
    let mut globals = archive_symbols(&["-g", "--defined-only"]);
    globals.sort();
    assert_eq!(globals, ours);
}

#[test]
fn archive_wants_little_of_libc() {
    let mut wanted = archive_symbols(&["-u"]);
    // On 32-bit platforms the names of functions with 64-bit offsets end in 64.
    wanted.retain(|name| !WANTED.contains(&name.trim_end_matches("64")));
    assert!(wanted.is_empty(), "{wanted:?}");
}

/// zsplice(7) names the functions that allocate memory: those of libc that the archive needs.
#[test]
fn memory_is_allocated_as_the_manual_says() {
    let allocators = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "mmap"];
    let needed = archive_symbols(&["-u"]);
    let manual = support::read("man/zsplice.7");
    for name in allocators {
        let is_named = manual.contains(&format!(".BR {name} (3)"));
        assert_eq!(needed.iter().any(|symbol| symbol == name), is_named, "{name}");
    }
}

/// Looks for names in both mangling schemes.
#[test]
fn archive_has_no_way_to_panic() {
    let mut panicking = archive_symbols(&["-a"]);
    let traces = ["panic", "4core3fmt", "rust_begin_unwind", "slice_index", "unwrap_failed"];
    panicking.retain(|name| traces.iter().any(|trace| name.contains(trace)));
    assert!(panicking.is_empty(), "{panicking:?}");
}

#[test]
fn is_loaded_with_everything_resolved() {
    let scratch = Scratch::new();
    let source = support::root().join("tests/consumers/load.c");
    let program = c::program(&source, scratch.path(), &[]);
    let mut command = Command::new(program);
    command.arg(built().join(concat!("libzsplice.so.", env!("CARGO_PKG_VERSION_MAJOR"))));
    succeed(command.args(interface::header().iter().map(|function| &function.name)));
}

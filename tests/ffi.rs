// SPDX-License-Identifier: MIT OR Apache-2.0

//! What zsplice-ffi(7) has for other languages to copy: layouts, constants, and lines of Python. The C compiler
//! compares them with the header.

mod support;

use std::collections::BTreeSet;
use std::process::Command;
use support::{built, c, found, python_with_cffi, read, root, skip, succeed, Scratch};

/// The rows of a table without its heading, each as its cells. A table is found by its number of columns.
fn table(columns: usize) -> Vec<Vec<String>> {
    let page = read("man/zsplice-ffi.7");
    let tables = page.split("\n.TS\n").skip(1).map(|rest| rest.split("\n.TE").next().unwrap());
    let mut found = tables.map(rows).filter(|rows| rows[0].len() == columns);
    let rows = found.next().unwrap();
    assert!(found.next().is_none() && rows.len() > 5, "{rows:?}");
    rows
}

fn rows(table: &str) -> Vec<Vec<String>> {
    let body = table.split("\n_\n").nth(1).unwrap();
    // A block of text is one cell.
    let body = body.replace("T{\n.na\n", "").replace("\nT}", "");
    body.lines().map(|row| row.split('\t').map(str::to_owned).collect()).collect()
}

/// C that compiles if a structure has these members, each with its offset, size and type, and no others.
fn layout(structure: &str, members: &[[&str; 4]]) -> String {
    let mut text = String::new();
    let mut end = String::from("0");
    for [member, offset, size, kind] in members {
        let of_it = format!("((struct {structure} *)0)->{member}");
        text += &format!(
            "_Static_assert(offsetof(struct {structure}, {member}) == {offset}, \"offset of {member}\");\n\
             _Static_assert(sizeof {of_it} == {size}, \"size of {member}\");\n\
             _Static_assert(__builtin_types_compatible_p(__typeof__({of_it}), {kind}), \"type of {member}\");\n\
             _Static_assert({end} == {offset}, \"nothing before {member} is missing\");\n"
        );
        end = format!("{offset} + {size}");
    }
    text + &format!(
        "_Static_assert(sizeof(struct {structure}) == {end}, \"end of {structure}\");\n"
    )
}

/// The layouts of both structures, as the page has them for one size of pointers.
fn layouts(pointers_of_32_bits: bool) -> String {
    let (result, options) = (table(4), table(6));
    let columns = if pointers_of_32_bits { [0, 3, 4, 5] } else { [0, 1, 2, 5] };
    let result: Vec<_> = result.iter().map(|row| [0, 1, 2, 3].map(|at| row[at].as_str())).collect();
    let options: Vec<_> = options.iter().map(|row| columns.map(|at| row[at].as_str())).collect();
    format!(
        "#include <zsplice.h>\n{}{}",
        layout("zs_result", &result),
        layout("zs_options", &options)
    )
}

fn include() -> Vec<String> {
    vec!["-I".to_owned(), root().join("include").display().to_string()]
}

#[test]
fn layouts_are_those_of_the_header() {
    let scratch = Scratch::new();
    let here = layouts(cfg!(target_pointer_width = "32"));
    c::compiles(&scratch.write("layouts.c", &here), &include());
}

/// libc's headers suit both sizes, but for one file that is installed with a libc for 32 bits only.
#[test]
fn layouts_of_32_bits_are_those_of_the_header() {
    if cfg!(target_arch = "x86_64") {
        let scratch = Scratch::new();
        std::fs::create_dir(scratch.path().join("gnu")).unwrap();
        scratch.write("gnu/stubs-32.h", "");
        let here = format!("-I{}", scratch.path().display());
        let options = ["-m32", "-idirafter/usr/include/x86_64-linux-gnu", &here].map(str::to_owned);
        let source = scratch.write("layouts.c", &layouts(true));
        c::compiles(&source, &[include(), options.to_vec()].concat());
    }
}

/// The names of all constants that the header defines, but those of its version.
fn constants() -> BTreeSet<String> {
    let header = read("include/zsplice.h");
    let defined = header.lines().filter_map(|line| line.strip_prefix("#define ZS_"));
    let names = defined.filter_map(|rest| {
        let (name, value) = rest.split_once(' ')?;
        value.trim_start().starts_with(|c: char| c.is_ascii_digit()).then_some(name)
    });
    names.filter(|name| !name.starts_with("VERSION_")).map(|name| format!("ZS_{name}")).collect()
}

#[test]
fn constants_are_those_of_the_header() {
    let rows = table(2);
    let named: BTreeSet<_> = rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(named, constants());
    let mut text = String::from("#include <zsplice.h>\n");
    for row in &rows {
        let (name, value) = (&row[0], &row[1]);
        text += &format!("_Static_assert({name} == {value}u, \"{name}\");\n");
    }
    let scratch = Scratch::new();
    c::compiles(&scratch.write("constants.c", &text), &include());
}

/// The lines that the page shows in Python, with the header as it is here.
fn shown() -> String {
    let page = read("man/zsplice-ffi.7");
    let part = page.split(".SS Declarations from the header\n").nth(1).unwrap();
    let lines = part.split("\n.nf\n").nth(1).unwrap().split("\n.fi\n").next().unwrap();
    let plain = lines.replace("\\e", "\\").replace("\\(ha", "^");
    let header = root().join("include/zsplice.h");
    let here = plain.replace("/usr/local/include/zsplice.h", header.to_str().unwrap());
    assert_ne!(plain, here);
    here
}

#[test]
fn cffi_takes_what_the_page_makes_of_the_header() {
    let Some(python) = python_with_cffi() else { return };
    let functions = support::interface::header();
    let functions: Vec<_> =
        functions.iter().map(|function| format!("zsplice.{}\n", function.name)).collect();
    let constants: Vec<_> = constants().iter().map(|name| format!("zsplice.{name}\n")).collect();
    let check = format!(
        "{}\n{}{}assert zsplice.ZS_TO_END == 2**64 - 1\nassert ffi.sizeof('struct zs_result') == 64\n",
        shown(),
        functions.concat(),
        constants.concat()
    );
    let scratch = Scratch::new();
    let script = scratch.write("shown.py", &check);
    succeed(Command::new(python).arg(script).env("LD_LIBRARY_PATH", built()));
}

/// It is the first argument of both.
fn takes_the_text_without_directives(language: &str, package: &str, program: &str) {
    if !found(language) {
        return skip(&format!("{language} is missing (Debian: {package})"));
    }
    let Some(python) = python_with_cffi() else { return };
    let scratch = Scratch::new();
    let script = scratch.write("shown.py", &format!("{}\nprint(text)\n", shown()));
    let text = succeed(Command::new(python).arg(script).env("LD_LIBRARY_PATH", built()));
    let declarations: String = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    let file = scratch.write("declarations", &declarations);
    let option = if language == "php" { "-r" } else { "-e" };
    let mut command = Command::new(language);
    command.arg(option).arg(program).env("DECLARATIONS", file).env("LD_LIBRARY_PATH", built());
    assert_eq!(succeed(&mut command), "64\n");
}

#[test]
fn luajit_takes_the_text_without_directives() {
    let program = "
local ffi = require('ffi')
ffi.cdef(io.open(os.getenv('DECLARATIONS')):read('*a'))
assert(ffi.load('libzsplice.so.0').zs_version() > 0)
print(ffi.sizeof('struct zs_options'))";
    takes_the_text_without_directives("luajit", "luajit", program);
}

#[test]
fn php_takes_the_text_without_directives() {
    let program = "
$zsplice = FFI::cdef(file_get_contents(getenv('DECLARATIONS')), 'libzsplice.so.0');
$zsplice->zs_version() > 0 || exit(1);
echo FFI::sizeof($zsplice->new('struct zs_options')), \"\\n\";";
    takes_the_text_without_directives("php", "php-cli", program);
}

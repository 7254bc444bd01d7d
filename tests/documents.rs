// SPDX-License-Identifier: MIT OR Apache-2.0

//! The documents: their C compiles and runs, the manual is clean, links and names lead somewhere, and
//! the version is the same everywhere.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use support::manual::{self, Page};
use support::{
    built, c, files, have, make, output, pkg_config, read, root, succeed, told, Scratch,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Compiles C from a document, and runs it if it is a program, for at most a minute.
fn try_out(whose: &str, text: &str) {
    let scratch = Scratch::new();
    let included =
        if text.contains("#include <zsplice.h>") { "" } else { "#include <zsplice.h>\n" };
    let source = scratch.write("shown.c", &format!("{included}{text}"));
    let arguments = pkg_config(built(), &["--cflags", "--libs"]);
    if !text.contains("int main(") {
        return c::compiles(&source, &arguments);
    }
    let mut program = Command::new(c::program(&source, scratch.path(), &arguments));
    program.env("LD_LIBRARY_PATH", built());
    let (told, status) = c::run(&mut program, Duration::from_secs(60));
    assert!(status.is_some_and(|status| status.success()), "{whose}: {status:?}: {told}\n{text}");
}

/// The blocks of a document that are fenced as C.
fn fenced_c(text: &str) -> Vec<String> {
    let blocks = text.split("\n```c\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn readme_compiles_and_runs() {
    let blocks = fenced_c(&read("README.md"));
    assert!(!blocks.is_empty());
    blocks.iter().for_each(|block| try_out("README.md", block));
}

/// The pages that are not stubs.
fn pages() -> Vec<Page> {
    manual::pages().into_iter().filter(|page| page.target().is_none()).collect()
}

#[test]
fn examples_of_the_manual_compile_and_run() {
    for page in pages() {
        page.examples().iter().for_each(|example| try_out(&page.file, example));
    }
}

/// Together with the header, so that a prototype which differs is an error.
#[test]
fn synopses_compile() {
    for page in pages() {
        let scratch = Scratch::new();
        let text = format!("#include <zsplice.h>\n{}", page.synopsis());
        let source = scratch.write(&format!("{}.c", page.name), &text);
        c::compiles(&source, &pkg_config(built(), &["--cflags"]));
    }
}

/// The warnings of a formatter.
fn complaints(formatter: &[&str], page: &Page) -> String {
    let mut command = Command::new(formatter[0]);
    // Not by its whole path: groff warns of letters in that, too.
    command.current_dir(root().join("man")).args(&formatter[1..]);
    told(&output(command.arg(&page.file)))
}

#[test]
fn groff_does_not_warn() {
    if have("groff") {
        for page in pages() {
            // -z: it formats, but does not print; -t: there are tables.
            assert_eq!(complaints(&["groff", "-t", "-man", "-Tutf8", "-ww", "-z"], &page), "");
        }
    }
}

#[test]
fn mandoc_does_not_warn() {
    if have("mandoc") {
        for page in pages() {
            assert_eq!(complaints(&["mandoc", "-T", "lint", "-W", "warning"], &page), "");
        }
    }
}

/// The targets of a page's links.
fn hrefs(html: &str) -> impl Iterator<Item = &str> {
    html.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap())
}

#[test]
fn manual_in_html_leads_from_page_to_page() {
    if !have("mandoc") {
        return;
    }
    succeed(&mut make(["html"]));
    let html = built().join("html");
    for path in files(&html, &["html"]) {
        let text = read(&path);
        for href in hrefs(&text) {
            let (file, place) = href.split_once('#').unwrap_or((href, ""));
            let there = if file.is_empty() { path.clone() } else { html.join(file) };
            assert!(there.exists(), "{}: {href}", path.display());
            assert!(place.is_empty() || read(there).contains(&format!("id=\"{place}\"")), "{href}");
        }
    }
    let index = read(html.join("index.html"));
    for page in manual::pages() {
        let file = format!("{}.html", page.file);
        let first = page.target().map_or(file.clone(), |target| format!("{target}.html"));
        assert!(hrefs(&index).any(|href| href == first) && index.contains(&page.name), "{first}");
        assert!(
            first == file || hrefs(&read(html.join(file))).any(|href| href == first),
            "{first}"
        );
    }
    assert!(hrefs(&read(html.join("zs_full.3.html"))).any(|href| href == "zs_retry.3.html"));
}

/// All Markdown of the tree.
fn markdown() -> Vec<PathBuf> {
    let mut paths = tree(root());
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths
}

/// The targets of a document's links within this tree.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains(':')).collect()
}

#[test]
fn links_lead_somewhere() {
    for path in markdown() {
        for link in links(&read(&path)) {
            assert!(path.parent().unwrap().join(link).exists(), "{}: {link}", path.display());
        }
    }
}

/// The words between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Documents name C tests without their folder: `copy_keeps_holes`.
#[test]
fn c_tests_that_are_named_are_there() {
    let programs = tree(&root().join("c-tests"));
    let stems: Vec<_> = programs.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    let families =
        ["bridge", "calls", "copy", "duplex", "errno", "fanout", "full", "pool", "relay"];
    let families = families.iter().chain(&["retry", "sendfile", "splice", "tee", "constants"]);
    let mut found = 0;
    for path in markdown() {
        let text = read(&path);
        let names = quoted(&text).into_iter().filter(|name| {
            let is_of =
                |family: &str| name.strip_prefix(family).is_some_and(|rest| rest.starts_with('_'));
            name.matches('_').count() > 1 && families.clone().any(|family| is_of(family))
                // System calls and helpers of the library.
                && !["copy_file_range", "copy_with_fallbacks"].contains(name)
        });
        for name in names {
            let stem = name.trim_end_matches(".c");
            assert!(stems.contains(&stem), "{}: {name}", path.display());
            found += 1;
        }
    }
    assert!(found > 50, "{found}");
}

/// What a document says to run can be run: targets of make, and programs of c-tests.
#[test]
fn commands_that_are_named_are_there() {
    let makefile = read("Makefile");
    let programs = tree(&root().join("c-tests"));
    let stems: BTreeSet<_> =
        programs.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    let mut found = 0;
    for path in markdown() {
        let text = read(&path);
        for command in quoted(&text).into_iter().filter_map(|text| text.strip_prefix("make ")) {
            let of_make = command.split("&&").next().unwrap();
            let (targets, variables): (Vec<_>, Vec<_>) =
                of_make.split_whitespace().partition(|word| !word.contains('='));
            for target in targets.iter().filter(|target| !target.starts_with('-')) {
                let rule = format!("\n{target}:");
                assert!(makefile.contains(&rule), "{}: make {command}", path.display());
                found += 1;
            }
            let tests = variables.iter().filter_map(|variable| variable.strip_prefix("TEST="));
            for name in tests.filter(|name| !["name", "its_name"].contains(name)) {
                assert!(stems.contains(name), "{}: make {command}", path.display());
            }
        }
    }
    assert!(found > 20, "{found}");
}

/// The files of src/ that a text names, as `src/sys/file.rs` or src/sys.
fn sources_named(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "/_.".contains(c);
    let words = text.split(|c| !is_part(c)).filter(|word| word.starts_with("src/"));
    words.map(|word| word.trim_end_matches(['.', '/']).to_owned()).collect()
}

#[test]
fn sources_that_are_named_are_there() {
    for path in markdown() {
        for source in sources_named(&read(&path)) {
            assert!(root().join(&source).exists(), "{}: {source}", path.display());
        }
    }
}

/// The headings of docs/kernel.md that the comments of a source name: `docs/kernel.md, "A full pipe hides the
/// end"`, wherever lines end.
fn headings_named(source: &str) -> Vec<String> {
    let bare = |line: &str| line.trim_start().trim_start_matches(['/', '!']).trim().to_owned();
    let text = source.lines().map(bare).collect::<Vec<_>>().join(" ");
    let named = text.split("docs/kernel.md, \"").skip(1);
    named.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn headings_that_the_code_names_are_there() {
    let kernel = read("docs/kernel.md");
    let headings: Vec<_> = kernel.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let mut found = 0;
    for path in tree(&root().join("src")) {
        for named in headings_named(&read(&path)) {
            assert!(headings.contains(&named.as_str()), "{}: {named:?}", path.display());
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
}

/// CONTRIBUTING.md has a line for each file of engine/shared.
#[test]
fn files_of_engine_shared_are_described() {
    let text = read("CONTRIBUTING.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let described: BTreeSet<_> =
        rows.map(|(name, _)| name).filter(|name| name.ends_with(".rs")).collect();
    let files = files("src/engine/shared", &["rs"]);
    let mut names: BTreeSet<_> =
        files.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    names.remove("mod.rs");
    assert_eq!(described, names);
}

/// Runs what README.md shows in Python, with the package in the tree.
#[test]
fn readme_python_runs() {
    if !have("python3") {
        return;
    }
    let readme = read("README.md");
    let shown = readme.split("\n```python\n").nth(1).unwrap().split("```").next().unwrap();
    let mut python = Command::new("timeout");
    python.args(["60", "python3", "-B", "-c", shown]).env("LD_LIBRARY_PATH", built());
    let printed = succeed(python.env("PYTHONPATH", root().join("bindings/python")));
    assert!(printed.ends_with(" bytes by splice\n"), "{printed}");
}

/// The text of zsplice(7) on `via`, after its first paragraph, as words.
fn manual_on_via() -> String {
    let page = read("man/zsplice.7");
    let part = page.split(".TP\n.I via\n").nth(1).unwrap().split(".TP\n").next().unwrap();
    let statements = part.split(".IP\n").nth(1).unwrap();
    let macros = [".BR", ".B", ".I", "\"", "\\&"];
    macros.iter().fold(statements.replace('\n', " "), |text, roff| text.replace(roff, ""))
}

/// The mechanisms that zsplice(7) says a function reports.
fn via_by_manual(function: &str) -> BTreeSet<String> {
    const ALL: [&str; 6] = ["CLONE", "COPY_RANGE", "SENDFILE", "SPLICE", "TEE", "READ_WRITE"];
    let text = manual_on_via();
    // A statement goes on to the next function.
    let mut of_it = String::new();
    let mut is_ours = false;
    for part in text.split([';', '.', ',']) {
        let names: Vec<_> = part.split_whitespace().filter(|word| is_function(word)).collect();
        if !names.is_empty() {
            is_ours = names.contains(&function);
        }
        if is_ours {
            of_it += part;
        }
    }
    let named = |bit: &&str| of_it.split_whitespace().any(|word| word == format!("ZS_VIA_{bit}"));
    let is_all_but = of_it.contains("all but");
    let bits = ALL.iter().filter(|bit| named(bit) != is_all_but);
    bits.map(|bit| format!("ZS_VIA_{bit}")).collect()
}

fn is_function(word: &str) -> bool {
    word.starts_with("zs_") || word == "relays" || word == "_full"
}

#[test]
fn mechanisms_that_deliver_are_those_of_the_manual() {
    let scratch = Scratch::new();
    let arguments = pkg_config(built(), &["--cflags", "--libs"]);
    let source = root().join("tests/consumers/via.c");
    let mut program = Command::new(c::program(&source, scratch.path(), &arguments));
    program.env("LD_LIBRARY_PATH", built()).current_dir(scratch.path());
    let seen = succeed(&mut program);
    for function in ["zs_copy", "zs_fanout", "zs_bridge", "relays", "zs_tee_full"] {
        let prefix = format!("{function} ");
        let mut seen: BTreeSet<_> =
            seen.lines().filter_map(|line| Some(line.strip_prefix(&prefix)?.to_owned())).collect();
        if function == "zs_copy" {
            // A clone takes a file system that can.
            seen.extend(["ZS_VIA_CLONE", "ZS_VIA_COPY_RANGE"].map(str::to_owned));
        }
        assert_eq!(seen, via_by_manual(function), "{function}");
    }
}

/// bench/README.md describes every section.
#[test]
fn sections_of_the_benchmark_are_described() {
    let readme = read("bench/README.md");
    let described: BTreeSet<_> = quoted(&readme)
        .into_iter()
        .filter(|word| word.ends_with(".c") && *word != "bench/NAME.c")
        .collect();
    let sections = files("bench", &["c"]);
    let sections = sections.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(described, sections);
}

/// All files of the tree except what is built, and the crates that come with a tarball.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kept = entries.filter(|path| {
        !["build", "target", "vendor", ".cargo", ".git"].iter().any(|name| path.ends_with(name))
    });
    kept.flat_map(|path| if path.is_dir() { tree(&path) } else { vec![path] }).collect()
}

/// Whether a file is source code, by its name.
fn is_source(path: &Path) -> bool {
    let kinds = [
        "rs", "c", "cc", "h", "py", "go", "sh", "awk", "toml", "java", "js", "lua", "php", "pl",
        "rb", "ts",
    ];
    let names = ["Makefile", "bench/run", ".ci/run", "tests/released.map"];
    path.extension().is_some_and(|kind| kinds.iter().any(|&known| kind == known))
        || names.iter().any(|name| path.ends_with(name))
}

#[test]
fn sources_name_their_license() {
    let mut paths = tree(root());
    paths.retain(|path| is_source(path));
    paths.retain(|path| !read(path).contains("SPDX-License-Identifier: MIT OR Apache-2.0"));
    assert!(paths.is_empty(), "{paths:#?}");
}

/// Files beside the tree on one machine are missing on another.
#[test]
fn nothing_names_what_lies_beside_the_tree() {
    let beside = concat!("../", "shared");
    for path in tree(root()) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains(beside), "{}", path.display());
    }
}

#[test]
fn version_of_the_header_is_that_of_cargo_toml() {
    let header = read("include/zsplice.h");
    for (name, number) in ["MAJOR", "MINOR", "PATCH"].iter().zip(VERSION.split('.')) {
        assert!(header.contains(&format!("\n#define ZS_VERSION_{name} {number}\n")), "{name}");
    }
}

#[test]
fn version_of_pkg_config_is_that_of_cargo_toml() {
    assert_eq!(pkg_config(built(), &["--modversion"]), [VERSION]);
}

#[test]
fn news_begin_with_this_version() {
    let news = read("NEWS.md");
    let entry = news.lines().find(|line| line.starts_with("## ")).unwrap();
    assert!(entry.split([' ', ',']).any(|word| word == VERSION), "{entry}");
}

/// Files are named after the version: libzsplice.so.0, libzsplice.so.0.1.0.
#[test]
fn version_in_documents_is_that_of_cargo_toml() {
    for path in files("", &["md"]) {
        for rest in read(&path).split("libzsplice.so.").skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let named = rest[..end].trim_end_matches('.');
            assert!(VERSION.starts_with(named), "{}: {named}", path.display());
        }
    }
}

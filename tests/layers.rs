// SPDX-License-Identifier: MIT OR Apache-2.0

//! The laws of CONTRIBUTING.md that no lint checks: which layer may name what (src/lib.rs has the drawing).

mod support;

use std::path::{Path, PathBuf};
use support::{files, interface, read};

/// From the bottom up. A layer names only those before it.
const LAYERS: [&str; 6] = ["errno", "constants", "sys", "mem", "engine", "abi"];

/// Those that may hold unsafe code.
const UNSAFE: [&str; 4] = ["errno", "sys", "mem", "abi"];

/// The most lines that the body of an exported function has.
const BODY: usize = 8;

/// A file of src/, below lib.rs.
struct Source {
    path: PathBuf,
    layer: &'static str,
    /// How many modules deep the file is.
    depth: usize,
    /// Without comments and strings.
    code: String,
}

fn sources() -> Vec<Source> {
    let mut paths = files("src", &["rs"]);
    paths.retain(|path| !path.ends_with("lib.rs"));
    paths.extend(LAYERS.iter().flat_map(|layer| below(&Path::new("src").join(layer))));
    paths.into_iter().map(Source::new).collect()
}

/// All files in a folder and below.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = support::root().join(folder).read_dir().into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

impl Source {
    fn new(path: PathBuf) -> Source {
        let module = path.strip_prefix(support::root().join("src")).unwrap().with_extension("");
        let names: Vec<_> = module.iter().filter_map(|name| name.to_str()).collect();
        let layer = LAYERS.iter().find(|layer| names[0] == **layer);
        let layer = layer.unwrap_or_else(|| panic!("{} is of no layer", path.display()));
        let depth = names.iter().filter(|name| **name != "mod").count();
        let code = code(&read(&path));
        Source { path, layer, depth, code }
    }

    /// Its lines, and how many modules deep each is.
    fn lines(&self) -> impl Iterator<Item = (&str, usize)> {
        let mut ends: Vec<String> = Vec::new();
        self.code.lines().map(move |line| {
            let depth = self.depth + ends.len();
            if ends.last().is_some_and(|end| end == line) {
                ends.pop();
            } else if line.trim_start().starts_with("mod ") && line.ends_with('{') {
                ends.push(line[..line.len() - line.trim_start().len()].to_owned() + "}");
            }
            (line, depth)
        })
    }

    /// The modules at the root of the crate that it names.
    fn named(&self) -> Vec<&str> {
        self.lines().flat_map(|(line, depth)| named(line, depth)).collect()
    }

    fn has(&self, word: &str) -> bool {
        self.code.split(|c: char| !is_word(c)).any(|found| found == word)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The modules at the root of the crate that a line names, `depth` modules below it.
fn named(line: &str, depth: usize) -> Vec<&str> {
    let up = "super::".repeat(depth);
    let rest = line.split("crate::").skip(1).chain(line.split(up.as_str()).skip(1));
    rest.map(|rest| rest.split(|c| !is_word(c)).next().unwrap()).collect()
}

/// Rust without its comments and without what is in its strings and characters.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let passed = passed_over(rest);
        if passed == 0 {
            code.push(first);
        }
        // The lines stay lines.
        code.extend(rest[..passed].chars().filter(|&c| c == '\n'));
        rest = &rest[passed.max(first.len_utf8())..];
    }
    code
}

/// How long the comment, string or character is that the text begins with; 0 if with none.
fn passed_over(text: &str) -> usize {
    let until = |end: &str| text[2..].find(end).map_or(text.len(), |at| at + 2 + end.len());
    match text.as_bytes() {
        [b'/', b'/', ..] => text.find('\n').unwrap_or(text.len()),
        [b'/', b'*', ..] => until("*/"),
        [b'"', ..] => quoted(text, '"'),
        [b'\'', b'\\', ..] => quoted(text, '\''),
        [b'\'', _, b'\'', ..] => 3,
        _ => 0,
    }
}

/// How long the literal is that begins here.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let closes = |&(_, c): &(usize, char)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    };
    text.char_indices().skip(1).find(closes).map_or(text.len(), |(at, _)| at + 1)
}

fn rank(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|&name| name == layer)
}

#[test]
fn a_layer_names_only_layers_below_it() {
    for source in sources() {
        for name in source.named().into_iter().filter(|name| *name != source.layer) {
            let below = rank(name).is_some_and(|rank| Some(rank) < self::rank(source.layer));
            assert!(below, "{} names {name:?}", source.path.display());
        }
    }
}

#[test]
fn unsafe_code_is_where_pointers_and_the_kernel_are() {
    for source in sources().iter().filter(|source| source.has("unsafe")) {
        assert!(UNSAFE.contains(&source.layer), "{}", source.path.display());
    }
    assert!(read("src/engine/mod.rs").contains("\n#![forbid(unsafe_code)]\n"));
}

/// Every layer may name libc's constants and types, but call none of its functions. What owns memory may call
/// malloc(3) and the like.
#[test]
fn system_calls_are_made_in_sys() {
    let may_not = |source: &&Source| !["sys", "mem"].contains(&source.layer);
    for source in sources().iter().filter(may_not) {
        let calls = source.code.match_indices("libc::").filter(|(at, _)| {
            let name = &source.code[at + "libc::".len()..];
            name.trim_start_matches(is_word).starts_with('(')
        });
        assert_eq!(calls.count(), 0, "{}", source.path.display());
    }
}

#[test]
fn errno_is_read_and_written_in_one_place() {
    for source in sources().iter().filter(|source| source.layer != "errno") {
        let named = source.code.replace("crate::errno", "").contains("::errno::");
        assert!(!named, "{}", source.path.display());
    }
}

/// One hop from a name to the function: one definition, at the margin, so not inside a macro.
#[test]
fn an_exported_function_is_defined_once_and_plainly() {
    let abi: Vec<_> = sources().into_iter().filter(|source| source.layer == "abi").collect();
    for function in interface::header() {
        let definition = format!("extern  fn {}(", function.name);
        let lines = abi.iter().flat_map(|source| source.code.lines());
        let found: Vec<_> = lines.filter(|line| line.contains(&definition)).collect();
        assert!(matches!(found[..], [line] if line.starts_with("pub ")), "{definition}: {found:?}");
    }
    assert!(!abi.iter().any(|source| source.has("macro_rules")));
}

#[test]
fn an_exported_function_is_short() {
    for source in sources() {
        let mut lines = source.code.lines();
        while let Some(definition) = lines.find(|line| line.contains("extern  fn ")) {
            let open = definition.ends_with('{') || lines.any(|line| line.ends_with('{'));
            let body = lines.by_ref().take_while(|line| *line != "}");
            // Comments have left empty lines.
            let body = body.filter(|line| !line.trim().is_empty()).count();
            assert!(open && body <= BODY, "{definition} has {body} lines");
        }
    }
}

/// Which engine may name which other one, besides itself and what all of them share.
const ENGINES: [(&str, &[&str]); 8] = [
    ("shared", &[]),
    ("retry", &["shared"]),
    ("full", &["shared", "retry"]),
    ("copy", &["shared"]),
    ("fanout", &["shared"]),
    ("relay", &["shared"]),
    ("duplex", &["shared", "relay"]),
    ("bridge", &["shared", "relay", "duplex"]),
];

/// A file of src/engine as a path of modules, and the files of src/engine that it names.
struct Module {
    path: Vec<String>,
    names: Vec<Vec<String>>,
}

/// The modules of src/engine, without their tests.
fn modules() -> Vec<Module> {
    let engine = support::root().join("src/engine");
    let paths = |source: &Source| {
        let path = source.path.strip_prefix(&engine).ok()?.with_extension("");
        let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
        Some(names.filter(|name| name != "mod").collect::<Vec<_>>())
    };
    let sources = sources();
    let all: Vec<_> = sources.iter().filter_map(|source| Some((paths(source)?, source))).collect();
    let known: Vec<_> = all.iter().map(|(path, _)| path.clone()).collect();
    let module = |(path, source): &(Vec<String>, &Source)| {
        let is_mod = source.path.ends_with("mod.rs");
        let code = source.code.split("#[cfg(test)]\nmod tests").next().unwrap();
        let mut names: Vec<_> = paths_named(code, path, is_mod)
            .iter()
            .filter_map(|name| file_of(name, &known))
            .collect();
        names.retain(|name| name != path);
        Module { path: path.clone(), names }
    };
    all.iter().map(module).collect()
}

/// The longest beginning of a path that is a file, but not src/engine/mod.rs.
fn file_of(name: &[String], known: &[Vec<String>]) -> Option<Vec<String>> {
    let beginnings = (1..=name.len()).rev().map(|len| &name[..len]);
    beginnings.into_iter().find(|path| known.iter().any(|known| known == path)).map(<[_]>::to_vec)
}

/// Every path that the code of a module names below crate::engine, in full.
fn paths_named(code: &str, module: &[String], is_mod: bool) -> Vec<Vec<String>> {
    let own = if is_mod { module } else { &module[..module.len() - 1] };
    let mut found = Vec::new();
    for statement in code.split(';') {
        if let Some((_, tree)) = statement.rsplit_once("use ") {
            let tree: String = tree.split_whitespace().collect();
            for path in flattened("", &tree) {
                found.extend(resolved(&path, own, is_mod, module));
            }
        }
    }
    // Paths outside of `use`: super::x::y and crate::engine::x::y.
    for (at, start) in code.match_indices("super::").chain(code.match_indices("crate::engine::")) {
        let path: String = code[at..].chars().take_while(|&c| is_word(c) || c == ':').collect();
        if at == 0 || !code[..at].ends_with("::") {
            found.extend(resolved(&path, own, is_mod, module));
        }
        assert!(path.starts_with(start));
    }
    found
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn flattened(before: &str, tree: &str) -> Vec<String> {
    let Some((start, rest)) = tree.split_once('{') else { return vec![before.to_owned() + tree] };
    let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in inside.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
    }
    let before = before.to_owned() + start;
    parts.iter().filter(|part| !part.is_empty()).flat_map(|part| flattened(&before, part)).collect()
}

/// The path below crate::engine, if it is one.
fn resolved(path: &str, own: &[String], is_mod: bool, module: &[String]) -> Option<Vec<String>> {
    let mut names: Vec<&str> = path.split("::").filter(|name| !name.is_empty()).collect();
    let mut base: Vec<String> = match names[..] {
        ["crate", "engine", ..] => {
            names.drain(..2);
            Vec::new()
        }
        ["crate", ..] => return None,
        ["super", ..] => {
            let mut base =
                if is_mod { module[..module.len().checked_sub(1)?].to_vec() } else { own.to_vec() };
            names.remove(0);
            while names.first() == Some(&"super") {
                names.remove(0);
                base.pop()?;
            }
            base
        }
        // The children of a mod.rs.
        _ if is_mod => module.to_vec(),
        _ => return None,
    };
    base.extend(names.iter().map(|&name| name.to_owned()));
    Some(base)
}

#[test]
fn an_engine_names_no_other_engine() {
    for module in modules() {
        let Some(engine) = module.path.first() else { continue };
        let allowed = ENGINES.iter().find(|(name, _)| name == engine);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{engine} is in no line of ENGINES"));
        for name in module.names.iter().map(|name| name[0].as_str()) {
            assert!(name == engine || allowed.contains(&name), "{:?} names {name}", module.path);
        }
    }
}

#[test]
fn no_file_of_an_engine_names_one_that_names_it() {
    let modules = modules();
    let mut order: Vec<&[String]> = Vec::new();
    // Removes the files that name no remaining file, until there is no such file: what remains is in a
    // cycle, or names one that is.
    loop {
        let is_free = |module: &&Module| {
            !order.contains(&module.path.as_slice())
                && module.names.iter().all(|name| order.contains(&name.as_slice()))
        };
        let Some(module) = modules.iter().find(is_free) else { break };
        order.push(&module.path);
    }
    let mut left = modules.iter().map(|module| &module.path);
    let left: Vec<_> = left.by_ref().filter(|path| !order.contains(&path.as_slice())).collect();
    assert!(left.is_empty(), "in a cycle, or above one: {left:?}");
}

/// Who waits, and for which side, is decided in one place.
#[test]
fn poll_is_called_where_waiting_is_decided() {
    const CALLERS: [&str; 2] = ["src/engine/shared/readiness.rs", "src/engine/shared/watch.rs"];
    for source in sources().iter().filter(|source| source.layer == "engine") {
        let code = source.code.split("#[cfg(test)]\nmod tests").next().unwrap();
        let is_caller = CALLERS.iter().any(|caller| source.path.ends_with(caller));
        assert!(is_caller || !code.contains("sys::poll("), "{}", source.path.display());
    }
}

/// Sizes and counts stand in tuning.rs, with what was measured.
#[test]
fn sizes_stand_in_tuning() {
    for source in sources().iter().filter(|source| source.layer == "engine") {
        let code = source.code.split("#[cfg(test)]\nmod tests").next().unwrap();
        let has_size = code.split("<< ").skip(1).any(|rest| {
            let shift: String = rest.chars().take_while(char::is_ascii_digit).collect();
            matches!(shift.parse(), Ok(10..=30))
        });
        assert!(!has_size || source.path.ends_with("tuning.rs"), "{}", source.path.display());
    }
}

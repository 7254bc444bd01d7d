// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reads the manual pages and the C in them.

use super::{files, read};
use std::path::Path;

/// A file of man/.
pub struct Page {
    /// Without its section.
    pub name: String,
    pub file: String,
    pub text: String,
}

impl Page {
    fn new(path: &Path) -> Page {
        let part = |part: Option<&std::ffi::OsStr>| part.unwrap().to_str().unwrap().to_owned();
        let (name, file) = (part(path.file_stem()), part(path.file_name()));
        Page { name, file, text: read(path) }
    }

    /// The page that this one leads to, if it is a stub.
    pub fn target(&self) -> Option<&str> {
        self.text.lines().next()?.strip_prefix(".so man3/")
    }

    /// The C of the SYNOPSIS, as it is displayed.
    pub fn synopsis(&self) -> String {
        let lines = self.section("SYNOPSIS").skip_while(|line| *line != ".nf").skip(1);
        lines.take_while(|line| *line != ".fi").map(|line| shown(line) + "\n").collect()
    }

    /// The programs, or parts of programs, in EXAMPLES.
    pub fn examples(&self) -> Vec<String> {
        let mut lines = self.section("EXAMPLES");
        let mut examples = Vec::new();
        while lines.by_ref().any(|line| line == ".EX") {
            let block = lines.by_ref().take_while(|line| *line != ".EE");
            examples.push(block.map(|line| unescape(line) + "\n").collect());
        }
        examples
    }

    fn section<'a>(&'a self, title: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.text.lines();
        let lines = lines.skip_while(move |line| line.strip_prefix(".SH ") != Some(title)).skip(1);
        lines.take_while(|line| !line.starts_with(".SH "))
    }
}

/// All pages in man/, including the stubs.
pub fn pages() -> Vec<Page> {
    files("man", &["3", "7"]).iter().map(|path| Page::new(path)).collect()
}

/// A line as it is displayed: for a macro that alternates fonts, its arguments joined.
fn shown(line: &str) -> String {
    let Some((name, arguments)) = line.split_once(' ').filter(|_| line.starts_with('.')) else {
        return if line.starts_with('.') { String::new() } else { unescape(line) };
    };
    let joined = if name == ".B" { " " } else { "" };
    unescape(&words(arguments).join(joined))
}

/// The arguments of a macro.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// Replaces the roff escapes that occur in C.
fn unescape(line: &str) -> String {
    let pairs = [("\\-", "-"), ("\\&", ""), ("\\(aq", "'"), ("\\(dq", "\""), ("\\(ti", "~")];
    let plain = pairs.iter().fold(line.to_owned(), |text, (from, to)| text.replace(from, to));
    plain.replace("\\(ha", "^").replace("\\e", "\\")
}

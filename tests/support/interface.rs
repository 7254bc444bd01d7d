// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reads the lists of functions from header, map and library.

use super::{built, read, succeed};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Functions, by the version node that introduced them.
pub type Nodes = BTreeMap<String, BTreeSet<String>>;

/// A function that the header declares.
pub struct Function {
    pub name: String,
    /// The version in its @since.
    pub since: Option<String>,
}

/// The functions that include/zsplice.h declares, in its order.
pub fn header() -> Vec<Function> {
    let text = read("include/zsplice.h");
    text.split("\n/**\n").skip(1).filter_map(function).collect()
}

/// A documented item, if it is a function.
fn function(item: &str) -> Option<Function> {
    let (comment, rest) = item.split_once("*/")?;
    let name = declared(rest.split(';').next()?)?;
    let since = comment.lines().find_map(|line| line.trim_start().strip_prefix("* @since "));
    Some(Function { name, since: since.map(str::to_owned) })
}

/// The name that a prototype declares.
fn declared(prototype: &str) -> Option<String> {
    let (before, _) = prototype.split_once('(')?;
    let name = before.split(|c: char| !c.is_alphanumeric() && c != '_').next_back()?;
    (name.starts_with("zs_")).then(|| name.to_owned())
}

/// The names that the prototypes in a text declare.
pub fn declarations(text: &str) -> BTreeSet<String> {
    text.split(';').filter_map(declared).collect()
}

/// The version node for an @since.
pub fn node(since: &str) -> String {
    format!("ZSPLICE_{since}")
}

/// A linker's version script.
pub fn map(text: &str) -> Nodes {
    let mut nodes = Nodes::new();
    let mut node = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_suffix(" {") {
            node = name.to_owned();
        } else if let Some(name) = line.strip_suffix(';').filter(|name| name.starts_with("zs_")) {
            nodes.entry(node.clone()).or_default().insert(name.to_owned());
        }
    }
    nodes
}

/// The exports of the shared library. Those without a version have the empty name.
pub fn exports() -> Nodes {
    let mut nodes = Nodes::new();
    let library = built().join("libzsplice.so");
    let symbols = succeed(Command::new("nm").args(["-D", "--defined-only"]).arg(library));
    for line in symbols.lines() {
        let (kind, symbol) = line[17..].split_at(2);
        let (name, node) = symbol.split_once("@@").unwrap_or((symbol, ""));
        if kind != "A " {
            nodes.entry(node.to_owned()).or_default().insert(name.to_owned());
        }
    }
    nodes
}

// SPDX-License-Identifier: MIT OR Apache-2.0

//! The lists of functions agree: header, map, library and manual.

mod support;

use std::collections::BTreeSet;
use support::interface::{self, Nodes};
use support::manual::{self, Page};

/// The functions of the header, by the version of their @since.
fn header() -> Nodes {
    let mut nodes = Nodes::new();
    for function in interface::header() {
        let since = function.since.unwrap_or_else(|| panic!("{} has no @since", function.name));
        nodes.entry(interface::node(&since)).or_default().insert(function.name);
    }
    nodes
}

fn map() -> Nodes {
    interface::map(&support::read("zsplice.map"))
}

fn functions() -> BTreeSet<String> {
    interface::header().into_iter().map(|function| function.name).collect()
}

/// The pages about functions.
fn pages() -> Vec<Page> {
    manual::pages().into_iter().filter(|page| page.file.ends_with(".3")).collect()
}

#[test]
fn header_is_map() {
    assert_eq!(header(), map());
}

#[test]
fn library_is_map() {
    assert_eq!(interface::exports(), map());
}

/// Each function has a page of its own name: a stub that leads to the page of its section, or that page
/// itself. There are no other pages in section 3.
#[test]
fn manual_is_header() {
    let (names, families): (Vec<_>, Vec<_>) =
        pages().into_iter().partition(|page| page.target().is_some());
    let targets: BTreeSet<_> = names.iter().filter_map(|page| page.target()).collect();
    let (own, others): (Vec<_>, Vec<_>) =
        families.iter().partition(|page| functions().contains(&page.name));
    assert_eq!(targets, others.iter().map(|page| page.file.as_str()).collect());
    let names: BTreeSet<_> = names.iter().chain(own).map(|page| page.name.clone()).collect();
    assert_eq!(names, functions());
}

/// A function is declared on the page that its name leads to, and on no other.
#[test]
fn synopses_are_header() {
    let pages = pages();
    let declared = |file: &str| {
        let page = pages.iter().find(|page| page.file == file).unwrap();
        interface::declarations(&page.synopsis())
    };
    let own = |page: &&Page| page.target().is_none();
    let all: Vec<_> = pages.iter().filter(own).flat_map(|page| declared(&page.file)).collect();
    assert_eq!(all.len(), functions().len(), "{all:?}");
    for page in pages.iter().filter(|page| functions().contains(&page.name)) {
        let family = page.target().unwrap_or(&page.file);
        assert!(declared(family).contains(&page.name), "{}", page.file);
    }
}

/// A released node never changes: tests/released.map holds it. All nodes but that of the version in the
/// making are released.
#[test]
fn released_nodes_are_frozen() {
    let released = interface::map(&support::read("tests/released.map"));
    let in_the_making = interface::node(env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap().0);
    let mut promised = map();
    if !released.contains_key(&in_the_making) {
        promised.remove(&in_the_making);
    }
    assert_eq!(promised, released);
}

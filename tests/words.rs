// SPDX-License-Identifier: MIT OR Apache-2.0

//! Words that may not come back: names that only their author understood, and phrases that a reader had
//! to translate. CONTRIBUTING.md has the words in use.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use support::root;

/// How a pattern is looked for.
#[derive(Clone, Copy)]
enum As {
    /// A whole word, case included: `Spot`, but not `Spotless`; `mute(`, but not `permute(`.
    Word,
    /// Part of a sentence, wherever lines end, whatever the case.
    Phrase,
}
use As::{Phrase, Word};

/// How it is looked for, the word or phrase, and what to write instead.
type Pattern = (As, &'static str, &'static str);

/// Names of the code, each with the one that is used instead.
const NAMES: &[Pattern] = &[
    (Word, "Fate", "Errno::class, Class"),
    (Word, "Port", "Endpoint"),
    (Word, "Spot", "Cursor"),
    (Word, "spots(", "sides"),
    (Word, "Pace", "Watch"),
    (Word, "Halt", "Error"),
    (Word, "Outcome<", "Result"),
    (Word, "Wishes", "the flags themselves"),
    (Word, "Job<", "Transfer"),
    (Word, "Rung", "Mechanism"),
    (Word, "climb", "copy_with_fallbacks"),
    (Word, "Taste", "SmallReads"),
    (Word, "taste(", "small_reads"),
    (Word, "Scout", "HoleFinder"),
    (Word, "Stretch", "Extent"),
    (Word, "stretch(", "limited_to"),
    (Word, "Hold::", "InFlight"),
    (Word, "Link::", "SharedErrors"),
    (Word, "Maker", "PipeFactory"),
    (Word, "Dash", "small messages"),
    (Word, "dash", "small messages"),
    (Word, "may_dash", "small messages"),
    (Word, "Ways {", "named states"),
    (Word, "Fan<", "Fanout"),
    (Word, "Heir", "consumer"),
    (Word, "heir", "consumer"),
    (Word, "doubt", "eof"),
    (Word, "doubts", "probes"),
    (Word, "doubted", "contradicted"),
    (Word, "give_back", "store_offsets"),
    (Word, "take_back", "drain_to, uncount_hole"),
    (Word, "bear_with_hang_up", "tolerate_hangup"),
    (Word, "is_deaf", "hup_seen"),
    (Word, "is_mute", "without_interruption"),
    (Word, "mute(", "without_interruption"),
    (Word, "pour", "spill_to_buffer"),
    (Word, "poured", "spilled"),
    (Word, "pour_source", "spill_staging"),
    (Word, "settle", "store_position, finish, after_would_block"),
    (Word, "settled", "stored, finished"),
    (Word, "unpin", "use_position"),
    (Word, "pin(", "use_offset"),
    (Word, "disturb", "forget_position"),
    (Word, "up_to_the_last", "clamp_to_max_offset"),
    (Word, "NOBODY", "NO_FD"),
    (Word, "Told<", "ProgressFn"),
];

/// Phrases of comments and documents, each with what to write instead.
const PHRASES: &[Pattern] = &[
    (Phrase, "to be had", "available (not to be had: cannot be made)"),
    (Phrase, "can be had", "can be made, is available"),
    (Phrase, "none of ours", "no private pipe"),
    (Phrase, "nobody can tell", "it cannot be found out"),
    (Phrase, "nobody knows", "is unknown"),
    (Phrase, "is believed", "counts as"),
    (Phrase, "first write will tell", "fails instead"),
    (Phrase, "is told of", "gets, is called with"),
    (Phrase, "tells of", "reports"),
    (Phrase, "hears of", "notices"),
    (Phrase, "told of", "reported"),
    (Phrase, "pipe of ours", "a private pipe"),
    (Phrase, "pipes of ours", "private pipes"),
    (Phrase, "buffer of ours", "our buffer"),
    (Phrase, "offset of ours", "our own offset"),
    (Phrase, "stood in the way", "would block"),
    (Phrase, "stands in the way", "would block"),
    (Phrase, "what has become of", "what it has done"),
    (Phrase, "what became of", "what it has done"),
    (Phrase, "asked for until it is answered", "repeated until it moves bytes or fails"),
    (Phrase, "to the letter", "exactly"),
    (Phrase, "whatever it takes", "by the best mechanism"),
    (Phrase, "the ladder", "the mechanisms"),
    (Phrase, "a rung", "a mechanism"),
    (Phrase, "the heir", "the consumer"),
    (Phrase, "is no oracle", "may be wrong"),
    (Phrase, "has nothing to say", "is silent, has no error"),
    (Phrase, "without a word", "without an error"),
    (Phrase, "is written whole", "every member is written"),
    (Phrase, "safety: likewise", "the argument itself"),
];

/// Where names are looked for.
const CODE: [&str; 1] = ["src"];
/// Where phrases are looked for: sources with comments, and documents.
const SOURCES: [&str; 5] = ["src", "include", "c-tests", "examples", "bindings"];
const DOCUMENTS: [&str; 5] = ["man", "docs", "bench", "tests", ".github"];
const FILES: [&str; 4] = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "NEWS.md"];

/// All files in a folder and below.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

fn all_in(folders: &[&str]) -> Vec<PathBuf> {
    folders.iter().flat_map(|folder| below(&root().join(folder))).collect()
}

fn documents() -> Vec<PathBuf> {
    let files = FILES.iter().map(|file| root().join(file));
    let paths = all_in(&DOCUMENTS).into_iter().chain(files);
    // This file has all of them.
    paths.filter(|path| !path.ends_with("tests/words.rs")).collect()
}

/// The line of `text`, counted from 1, that has a pattern. `plain` is the text as one line.
fn line_with(text: &str, plain: &str, (how, pattern, _): Pattern) -> Option<usize> {
    match how {
        Word => text.lines().position(|line| has_word(line, pattern)).map(|at| at + 1),
        Phrase => {
            let at = plain.find(pattern)?;
            Some(line_of_word(text, plain[..at].split(' ').count()))
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_part);
        let after = line[at + word.len()..].chars().next().is_some_and(is_part);
        !(before || after && word.ends_with(is_part))
    })
}

/// A text as one line of lower-case words, without the signs that begin the lines of comments and
/// without roff's macros.
fn plain(text: &str) -> String {
    text.lines().flat_map(words).collect::<Vec<_>>().join(" ")
}

fn words(line: &str) -> impl Iterator<Item = String> + '_ {
    let line = line.trim_start();
    let marks = ["///", "//!", "//", "/**", "/*", "*", "#"];
    let bare = marks.iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
    let is_macro = |word: &str| word.len() <= 3 && word.starts_with('.');
    bare.split_whitespace().filter(move |word| !is_macro(word)).map(str::to_lowercase)
}

/// The line of the text that its `count`-th word is in.
fn line_of_word(text: &str, count: usize) -> usize {
    let mut seen = 0;
    let line = text.lines().position(|line| {
        seen += words(line).count();
        seen >= count
    });
    line.map_or(0, |at| at + 1)
}

/// Fails with a list of all places that have one of the patterns.
fn none_of(patterns: &[Pattern], paths: &[PathBuf]) {
    let mut found = String::new();
    for path in paths {
        let Ok(text) = fs::read_to_string(path) else { continue };
        let plain = plain(&text);
        for &pattern in patterns {
            if let Some(line) = line_with(&text, &plain, pattern) {
                let path = path.strip_prefix(root()).unwrap().display();
                found += &format!("\n{path}:{line}: {:?}; instead: {}", pattern.1, pattern.2);
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

#[test]
fn documents_have_no_phrase_that_has_to_be_translated() {
    none_of(PHRASES, &documents());
}

#[test]
fn comments_have_no_phrase_that_has_to_be_translated() {
    none_of(PHRASES, &all_in(&SOURCES));
}

#[test]
fn names_in_the_code_are_those_of_the_field() {
    none_of(NAMES, &all_in(&CODE));
}

#[test]
fn patterns_are_found_where_they_are_and_only_there() {
    let word = |text, word| line_with(text, "", (Word, word, "")).is_some();
    assert!(word("use Fate::Failed", "Fate"));
    assert!(!word("the Fates, and InFate", "Fate"));
    assert!(word("self.mute(true)", "mute("));
    assert!(!word("permute(a)", "mute("));
    let phrase = |text| line_with(text, &plain(text), (Phrase, "is told of", ""));
    assert_eq!(phrase("one\n/// Progress is\n/// told of it.\n"), Some(2));
    assert_eq!(phrase(".I progress\nis told\n.BR of (3)\n"), Some(2));
    assert_eq!(phrase("it is told. Of course\n"), None);
}

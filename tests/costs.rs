// SPDX-License-Identifier: MIT OR Apache-2.0

//! What each kind of work costs, compared with tests/costs.txt: system calls, counted by strace, and
//! instructions, counted by callgrind. Neither depends on how busy the machine is.
//!
//! With ZS_COSTS=update in the environment (`make costs`) the table is written anew instead.

// The counts are those of this architecture and libc.
#![cfg(all(target_arch = "x86_64", target_env = "gnu"))]

mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};
use support::{built, c, have, note, pkg_config, read, root, skip, succeed, Scratch};

const TABLE: &str = "tests/costs.txt";
const HEAD: &str = "\
# What each kind of work costs: system calls, and instructions in the library and in libc (malloc, memset).
# tests/consumers/costs.c does the work, tests/costs.rs compares, and `make costs` writes this file.
#
# Instructions are compared only with the compiler and the libc that they were counted with:
";
const RUSTC: &str = "# rustc: ";
const LIBC: &str = "# libc: ";

/// How many instructions, in per cent, there may be more or fewer than in the table: fewer, too, so that
/// the table stays tight. And a few more, for the smallest counts.
const MORE: u64 = 3;
const FEWER: u64 = 10;
const FEW: u64 = 2;

/// What a work costs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    calls: u64,
    library: u64,
    libc: u64,
}

/// tests/costs.txt, or what was measured: the costs, in the consumer's order, and what their
/// instructions depend on.
#[derive(Clone, Debug, Default, PartialEq)]
struct Table {
    rustc: String,
    libc: String,
    rows: Vec<(String, Cost)>,
}

impl Table {
    fn parse(text: &str) -> Table {
        let fact = |name| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let rows = lines.map(|line| row(line).unwrap_or_else(|| panic!("{TABLE}: {line}")));
        Table { rustc: fact(RUSTC).to_owned(), libc: fact(LIBC).to_owned(), rows: rows.collect() }
    }

    fn print(&self) -> String {
        let mut text = format!("{HEAD}{RUSTC}{}\n{LIBC}{}\n#\n", self.rustc, self.libc);
        let mut line = |work: &str, counts: [&dyn std::fmt::Display; 3]| {
            let _ =
                writeln!(text, "{work:38}{:>12} {:>10} {:>10}", counts[0], counts[1], counts[2]);
        };
        line("# work", [&"system calls", &"library", &"libc"]);
        for (work, cost) in &self.rows {
            line(work, [&cost.calls, &cost.library, &cost.libc]);
        }
        text
    }

    fn get(&self, work: &str) -> Option<Cost> {
        self.rows.iter().find(|row| row.0 == work).map(|row| row.1)
    }
}

/// A name, which may have spaces, and three counts.
fn row(line: &str) -> Option<(String, Cost)> {
    let words: Vec<_> = line.split_whitespace().collect();
    let (name, counts) = words.split_at(words.len().checked_sub(3)?);
    let count = |at: usize| counts[at].parse().ok();
    Some((name.join(" "), Cost { calls: count(0)?, library: count(1)?, libc: count(2)? }))
}

/// tests/consumers/costs.c, compiled.
fn consumer(folder: &Path) -> PathBuf {
    let rpath = format!("-Wl,-z,now,-rpath,{}", built().display());
    let helpers = format!("-I{}", root().join("c-tests/support").display());
    let arguments = [pkg_config(built(), &["--cflags", "--libs"]), vec![rpath, helpers]].concat();
    c::program(&root().join("tests/consumers/costs.c"), folder, &arguments)
}

/// Runs the consumer under a tool, and returns what both have printed.
fn run(tool: &mut Command, program: &Path) -> String {
    let (told, status) = c::run(tool.arg(program), Duration::from_secs(300));
    assert!(status.is_some_and(|status| status.success()), "{tool:?}: {status:?} {told}");
    told
}

/// The system calls of each work, every time that it was done, and why works were left out.
fn traced(program: &Path, folder: &Path) -> (Vec<(String, Vec<String>)>, Vec<String>) {
    let trace = folder.join("trace");
    let mut strace = Command::new("strace");
    let told = run(strace.args(["-s", "100", "-e", "signal=none", "-o"]).arg(&trace), program);
    let mut times = Vec::<(String, Vec<String>)>::new();
    let mut inside = false;
    for line in fs::read_to_string(trace).unwrap().lines() {
        if let Some(rest) = line.strip_prefix("write(-1, \"") {
            let name = rest.split('"').next().unwrap();
            inside = name != "end";
            if inside {
                times.push((name.to_owned(), Vec::new()));
            }
        } else if inside {
            times.last_mut().unwrap().1.push(line.split('(').next().unwrap().to_owned());
        }
    }
    (times, told.lines().filter_map(reason).map(str::to_owned).collect())
}

/// What callgrind has counted.
#[derive(Default)]
struct Counted {
    libc: String,
    /// The instructions of each work in the library and in libc, every time that it was done.
    times: Vec<(String, [u64; 2])>,
}

fn counted(program: &Path, folder: &Path) -> Counted {
    let dumps = folder.join("dump");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["-q", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no"]);
    valgrind.args(["--dump-after=costs_begin", "--dump-before=costs_end"]);
    let told = run(valgrind.arg(format!("--callgrind-out-file={}", dumps.display())), program);
    let mut names = told.lines().filter(|line| !line.starts_with("==") && reason(line).is_none());
    let libc = names.next().unwrap().to_owned();
    // Every other dump is of what lies between two works.
    let dump = |at: usize| fs::read_to_string(dumps.with_extension((2 * at + 2).to_string()));
    let count = |(at, name): (usize, &str)| (name.to_owned(), instructions(&dump(at).unwrap()));
    Counted { libc, times: names.enumerate().map(count).collect() }
}

/// Why the consumer leaves out a work, if the line says that.
fn reason(line: &str) -> Option<&str> {
    line.strip_prefix("skipped: ")
}

/// The instructions in a dump of callgrind's, by object; those of the consumer do not count.
fn instructions(dump: &str) -> [u64; 2] {
    let (mut library, mut libc) = (0, 0);
    let (mut object, mut is_callees) = ("", false);
    for line in dump.lines() {
        if let Some(path) = line.strip_prefix("ob=") {
            object = path.rsplit('/').next().unwrap();
        }
        let count = line.split_once(' ').filter(|_| line.starts_with(|c: char| c.is_ascii_digit()));
        if let Some((_, count)) = count.filter(|_| !is_callees) {
            let count: u64 = count.parse().unwrap();
            match object {
                "costs" => {}
                _ if object.starts_with("libzsplice") => library += count,
                _ => libc += count,
            }
        }
        // After a call comes what the callee has cost, which it has a line of its own for.
        is_callees = line.starts_with("calls=");
    }
    [library, libc]
}

/// The compiler that the library was built with.
fn rustc() -> String {
    let library = built().join("libzsplice.so");
    let told = succeed(Command::new("readelf").args(["-p", ".comment"]).arg(library));
    let found = told.lines().find_map(|line| line.split_once("rustc version "));
    found.map_or_else(String::new, |(_, version)| version.to_owned())
}

/// What is measured now.
struct Measured {
    table: Table,
    /// The system calls of each row.
    calls: Vec<Vec<String>>,
    /// Works that cannot be done here, and why.
    left_out: Vec<String>,
}

/// Without valgrind no instructions are counted, and no libc is named.
fn measure() -> Measured {
    let scratch = Scratch::new();
    let program = consumer(scratch.path());
    let (traced, left_out) = traced(&program, scratch.path());
    let counted =
        if have("valgrind") { counted(&program, scratch.path()) } else { Counted::default() };
    let mut works: Vec<_> = traced.iter().map(|time| &time.0).collect();
    works.dedup();
    let table = Table { rustc: rustc(), libc: counted.libc, rows: Vec::new() };
    let mut measured = Measured { table, calls: Vec::new(), left_out };
    for work in works {
        let calls = median(&traced, work, Vec::len);
        let [library, libc] = median(&counted.times, work, |counts| counts[0] + counts[1]);
        let cost = Cost { calls: calls.len() as u64, library, libc };
        measured.table.rows.push((work.clone(), cost));
        measured.calls.push(calls);
    }
    measured
}

/// The median of the times that a work was done, by a number; nothing if it was not.
fn median<T: Clone + Default, N: Ord>(
    times: &[(String, T)],
    work: &str,
    number: impl Fn(&T) -> N,
) -> T {
    let mut all: Vec<_> = times.iter().filter(|time| time.0 == work).map(|time| &time.1).collect();
    all.sort_by_key(|one| number(one));
    all.get(all.len() / 2).map_or_else(T::default, |one| (*one).clone())
}

impl Measured {
    /// Whether the instructions are those of the table's compiler and libc.
    fn is_comparable(&self, stored: &Table) -> bool {
        let of = |table: &Table| (table.rustc.clone(), table.libc.clone());
        if of(&self.table) == of(stored) {
            return true;
        }
        if !self.table.libc.is_empty() {
            let (rustc, libc) = of(stored);
            note(&format!("{TABLE}: its instructions are not compared, they are those of rustc {rustc}, {libc}"));
        }
        false
    }

    /// What differs from the table.
    fn faults(&self, stored: &Table) -> String {
        let mut faults = String::new();
        let is_comparable = self.is_comparable(stored);
        for ((work, now), calls) in self.table.rows.iter().zip(&self.calls) {
            let Some(cost) = stored.get(work) else {
                let _ = writeln!(faults, "  {work}: not in the table");
                continue;
            };
            if now.calls != cost.calls {
                let (calls, list) = (now.calls, calls.join(" "));
                let _ =
                    writeln!(faults, "  {work}: {calls} system calls, not {}: {list}", cost.calls);
            }
            if is_comparable {
                faults += &instruction_faults(work, "the library", now.library, cost.library);
                faults += &instruction_faults(work, "libc", now.libc, cost.libc);
            }
        }
        faults
    }

    fn leaves_out(&self, work: &str) -> bool {
        self.left_out.iter().any(|reason| reason.starts_with(work))
    }

    /// The table with the new counts. A work that cannot be done here keeps its row.
    fn update(mut self, stored: Table) -> Table {
        let kept: Vec<_> = stored.rows.into_iter().filter(|row| self.leaves_out(&row.0)).collect();
        self.table.rows.extend(kept);
        self.table
    }
}

fn instruction_faults(work: &str, place: &str, now: u64, stored: u64) -> String {
    let most = stored + stored * MORE / 100 + FEW;
    let least = stored.saturating_sub(stored * FEWER / 100 + FEW);
    if (least..=most).contains(&now) {
        return String::new();
    }
    format!("  {work}: {now} instructions in {place}, not {stored}\n")
}

#[test]
fn work_costs_what_the_table_says() {
    if !have("strace") {
        return;
    }
    let (stored, mut measured) = (Table::parse(&read(TABLE)), measure());
    if env::var_os("ZS_COSTS").is_some_and(|value| value == "update") {
        assert!(!measured.table.libc.is_empty(), "without valgrind the table stays as it is");
        fs::write(root().join(TABLE), measured.update(stored).print()).unwrap();
        return;
    }
    let mut faults = measured.faults(&stored);
    if !faults.is_empty() {
        // On a busy machine the kernel may deliver late what was sent over the loopback device.
        println!("at first:\n{faults}");
        measured = measure();
        faults = measured.faults(&stored);
    }
    assert!(
        faults.is_empty(),
        "{TABLE} says otherwise:\n{faults}If that is meant, `make costs` writes it anew; the commit says why."
    );
    measured.left_out.iter().for_each(|reason| skip(reason));
}

/// It is written by `make costs` only, and has a row for everything that the consumer does.
#[test]
fn table_is_as_it_was_written() {
    let table = Table::parse(&read(TABLE));
    assert_eq!(table.print(), read(TABLE));
    let source = read("tests/consumers/costs.c");
    for (work, _) in &table.rows {
        assert!(source.contains(&format!("{{ \"{work}\", ")), "{TABLE}: nobody does {work}");
    }
}

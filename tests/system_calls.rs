// SPDX-License-Identifier: MIT OR Apache-2.0

//! The table of system calls in zsplice(7): strace finds all that are in it, and no other. Under seccomp filters made
//! of it every function lives.

// The names are those of this architecture and libc.
#![cfg(all(target_arch = "x86_64", target_env = "gnu"))]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use support::{built, c, have, pkg_config, read, root, Scratch};

const LIMIT: Duration = Duration::from_secs(120);

/// System calls, by who makes them.
type Calls = BTreeMap<String, BTreeSet<String>>;

/// A cell of the first table that is not empty: a mark, with its column and its row.
struct Cell {
    mark: String,
    column: String,
    call: String,
}

/// The rows of the tables in the section, each a list of cells as they are written.
fn tables() -> Vec<Vec<Vec<String>>> {
    let page = read("man/zsplice.7");
    let section = page.split("\n.SS System calls\n").nth(1).unwrap();
    let section = section.split("\n.SS ").next().unwrap();
    let tables = section.split("\n.TS\n").skip(1).map(|rest| rest.split("\n.TE").next().unwrap());
    tables.map(rows).collect()
}

/// The rows of one table; of a block of text, its words.
fn rows(table: &str) -> Vec<Vec<String>> {
    let (_, body) = table.split_once(".\n").unwrap();
    let body = body.replace("T{\n.na\n", "").replace("\nT}", "");
    let cells = |line: &str| line.split('\t').map(str::to_owned).collect();
    body.lines().filter(|line| *line != "_").map(cells).collect()
}

/// The marks of the first table.
fn cells() -> Vec<Cell> {
    let table = &tables()[0];
    let mut cells = Vec::new();
    for row in &table[1..] {
        for (column, mark) in table[0].iter().zip(row).skip(1).filter(|(_, mark)| !mark.is_empty())
        {
            let (mark, column, call) = (mark.clone(), column.clone(), row[0].clone());
            cells.push(Cell { mark, column, call });
        }
    }
    cells
}

/// The consumer, compiled.
fn consumer(scratch: &Scratch) -> PathBuf {
    let rpath = format!("-Wl,-rpath,{}", built().display());
    let helpers = format!("-I{}", root().join("c-tests/support").display());
    let arguments = [pkg_config(built(), &["--cflags", "--libs"]), vec![rpath, helpers]].concat();
    c::program(&root().join("tests/consumers/system_calls.c"), scratch.path(), &arguments)
}

/// Runs the consumer under strace; what each function of the library has called.
fn traced() -> Calls {
    let scratch = Scratch::new();
    let program = consumer(&scratch);
    let trace = scratch.path().join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-e", "trace=all", "-e", "signal=none", "-o"]).arg(&trace).arg(program);
    let (told, status) = c::run(&mut strace, LIMIT);
    assert!(status.is_some_and(|status| status.success()), "{status:?} {told}");
    between_marks(&fs::read_to_string(trace).unwrap())
}

/// Calls in a trace, by the function that the last write to -1 has named.
fn between_marks(trace: &str) -> Calls {
    let mut calls = Calls::new();
    let mut function = None;
    for line in trace.lines() {
        let named = line.strip_prefix("write(-1, \"").and_then(|rest| rest.split('"').next());
        match (named, function) {
            (Some("end"), _) => function = None,
            (Some(name), _) => {
                calls.entry(name.to_owned()).or_default();
                function = Some(name);
            }
            (None, Some(name)) => {
                let call = line.split('(').next().unwrap();
                calls.get_mut(name).unwrap().insert(call.to_owned());
            }
            (None, None) => {}
        }
    }
    calls
}

/// The column of a function.
fn column(function: &str) -> &str {
    let name = function.strip_prefix("zs_").unwrap();
    match name {
        "copy" | "fanout" | "bridge" => name,
        _ if ["relay", "duplex", "pool"].iter().any(|handle| name.starts_with(handle)) => "relay",
        _ if name.ends_with("_retry") => "_retry",
        _ if name.ends_with("_full") => "_full",
        _ => "call",
    }
}

/// Whether the call has the function's name, or is the other one that zs_tee_full makes.
fn is_named_after(function: &str, call: &str) -> bool {
    let name = function.trim_start_matches("zs_");
    let name = name.trim_end_matches("_retry").trim_end_matches("_full");
    let call_of = if name == "copy_range" { "copy_file_range" } else { name };
    call == call_of || (function, call) == ("zs_tee_full", "splice")
}

#[test]
fn table_is_what_strace_sees() {
    if !have("strace") {
        return;
    }
    let (cells, traced) = (cells(), traced());
    let mut faults = Vec::new();
    for (function, calls) in &traced {
        for call in calls {
            let cell = cells.iter().find(|it| it.column == column(function) && &it.call == call);
            match cell {
                Some(cell) if cell.mark != "n" || is_named_after(function, call) => {}
                _ => faults.push(format!("{function} makes {call}, which the table does not say")),
            }
        }
    }
    // What libc decides need not be seen, nor what happens by chance: no relay waits in poll(2).
    let is_seen = |cell: &&Cell| match cell.mark.as_str() {
        "x" | "n" => true,
        "p" => cell.column != "relay",
        _ => false,
    };
    for cell in cells.iter().filter(is_seen) {
        let makes = |function: &&String| {
            column(function) == cell.column && traced[*function].contains(&cell.call)
        };
        if !traced.keys().any(|function| makes(&function)) {
            faults.push(format!("column {}: nobody has made {}", cell.column, cell.call));
        }
    }
    assert!(faults.is_empty(), "zsplice(7), System calls:\n{}", faults.join("\n"));
}

/// Each call in a process that is ended by any system call which the table does not have: in all mechanisms and
/// fallbacks, with errors, dead outputs, and every call refused.
#[test]
fn every_function_lives_under_a_filter_of_its_calls() {
    let scratch = Scratch::new();
    let (told, status) = c::run(Command::new(consumer(&scratch)).arg("filtered"), LIMIT);
    match status.and_then(|status| status.code()) {
        Some(0) => {}
        Some(77) => support::skip("there are no seccomp(2) filters here"),
        _ => panic!("{status:?}\n{told}"),
    }
}

/// The C programs have the table in t_allowed.h.
#[test]
fn table_in_c_is_that_of_the_manual() {
    let columns = &tables()[0][0][1..];
    let row = |row: &Vec<String>| {
        let mark = |at: usize| row.get(at).filter(|mark| !mark.is_empty()).map_or(".", |mark| mark);
        let marks: String = (1..=columns.len()).map(mark).collect();
        format!("{} {marks}", row[0])
    };
    let told: Vec<_> = tables()[0][1..].iter().map(row).collect();
    let header = read("c-tests/support/t_allowed.h");
    let rows = header.lines().filter_map(|line| line.strip_prefix("\t{ \""));
    let row = |row: &str| {
        let parts: Vec<_> = row.split('"').collect();
        let stem = parts[0].trim_end_matches("64");
        assert!(parts[1].contains(&stem.to_uppercase()) || parts[1].contains(stem), "{row}");
        format!("{} {}", parts[0], parts[2])
    };
    assert_eq!(rows.map(row).collect::<Vec<_>>(), told);
}

/// The consumer leaves out no function that makes a system call.
#[test]
fn consumer_calls_every_function() {
    let source = read("tests/consumers/system_calls.c");
    let quiet = ["zs_version", "zs_via_name", "zs_via_names", "zs_relay_more", "zs_relay_pair"];
    let quiet = [&quiet[..], &["zs_duplex_wants"]].concat();
    for function in support::interface::header() {
        let name = function.name;
        assert_ne!(source.contains(&format!("{name}(")), quiet.contains(&name.as_str()), "{name}");
    }
}

/// Both tables have the same system calls, but for those of malloc(3), and only marks that are explained.
#[test]
fn tables_agree() {
    let tables = tables();
    let cells = cells();
    let explained: BTreeSet<_> =
        tables[1][1..].iter().flat_map(|row| row[0].split(", ")).map(str::to_owned).collect();
    let marked = |marks: &str| -> BTreeSet<String> {
        let cells = cells.iter().filter(|cell| marks.contains(&cell.mark));
        cells.map(|cell| cell.call.clone()).collect()
    };
    assert_eq!(marked("nxvp"), explained);
    assert!(marked("nxvp").is_disjoint(&marked("m")));
    assert!(cells.iter().all(|cell| "nxvpm".contains(&cell.mark)));
    assert!(tables[1].iter().all(|row| row.len() == 3 && row.iter().all(|cell| !cell.is_empty())));
}

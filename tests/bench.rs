// SPDX-License-Identifier: MIT OR Apache-2.0

//! The report that bench/run ends with: what the sections print becomes a summary, plots, and the tables of
//! the documents. (What is measured is not tested.)

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{files, have, output, read, root, told, Scratch};

/// The names of the sections: each is a program bench/NAME.c.
fn sections() -> Vec<String> {
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files("bench", &["c"]).iter().map(name).collect()
}

/// Two rows, one of which misses its goal, an amount, a plot, and something missing.
const FIGURES: &str = "\
heading\tfiles
compare\tthis folder\tGiB/s\tzs_copy\t3.00\tcp\t2.00\t1.500\t0.010\t>= 0.98
compare\ta clone\tns\tzs_copy\t20000000.0\tFICLONE\t10000000.0\t2.000\t0.010\t<= 1.10
amount\theap\t208\tB\t< 256
missing\txcp\tnot installed
point\tcopy\tzs_copy\t1024\t1.5
point\tcopy\tzs_copy\t1048576\t12
point\tcopy\tread & write\t1024\t1.25
point\tcopy\tread & write\t1048576\t6
";

/// A tree with the report and such figures in it.
fn tree(sections: &[String]) -> Scratch {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path().join("build/bench")).unwrap();
    fs::create_dir(scratch.path().join("bench")).unwrap();
    for name in ["bench/report.py", "bench/plot.py", "bench/README.md", "README.md"] {
        fs::copy(root().join(name), scratch.path().join(name)).unwrap();
    }
    scratch.write("build/bench/machine", "Linux 6.1, a machine, 2026-11-28\n");
    for section in sections {
        let figures = if section == "copy" { FIGURES } else { "" };
        scratch.write(&format!("build/bench/{section}.tsv"), figures);
    }
    scratch
}

fn report(tree: &Path, arguments: &[&str]) -> (String, bool) {
    let output = output(Command::new("python3").arg(tree.join("bench/report.py")).args(arguments));
    (told(&output), output.status.success())
}

/// What a tool without names for entities would not read is not XML.
fn is_xml(path: &Path) -> bool {
    let code = "import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])";
    output(Command::new("python3").args(["-c", code]).arg(path)).status.success()
}

#[test]
fn report_has_a_summary_and_plots() {
    if !have("python3") {
        return;
    }
    let tree = tree(&["copy".to_owned()]);
    let (text, is_well) = report(tree.path(), &[]);
    assert!(is_well, "{text}");
    let has =
        |parts: &[&str]| text.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(has(&["this folder", "cp", "1.500", ">= 0.98", "yes"]), "{text}");
    assert!(has(&["a clone", "FICLONE", "2.000", "<= 1.10", "NO"]), "{text}");
    assert!(has(&["heap", "208 B", "< 256", "yes"]) && has(&["2 yes, 0 open, 1 NO"]), "{text}");
    assert!(has(&["not measured: xcp (not installed)"]), "{text}");
    let plot = tree.path().join("build/bench/copy.svg");
    assert!(is_xml(&plot));
    let drawn = fs::read_to_string(plot).unwrap();
    assert!(
        drawn.contains("read &amp; write")
            && drawn.contains("1 MiB")
            && drawn.contains("a machine")
    );
}

#[test]
fn published_figures_stand_between_the_marks() {
    if !have("python3") {
        return;
    }
    let tree = tree(&sections());
    assert!(report(tree.path(), &[]).1);
    for _ in 0..2 {
        let (text, is_well) = report(tree.path(), &["publish"]);
        assert!(is_well, "{text}");
    }
    let made = |name: &str| fs::read_to_string(tree.path().join(name)).unwrap();
    assert!(made("README.md").contains("| `cp` | 1.5 times as fast |"));
    assert!(made("bench/README.md")
        .contains("| a clone | zs_copy: 20 ms | FICLONE: 10 ms | **2** | <= 1.10 |"));
    assert!(made("bench/README.md").contains("(results/copy.svg)"));
    assert!(tree.path().join("bench/results/copy.svg").exists());
    for name in ["README.md", "bench/README.md"] {
        let (before, after) = (read(name), made(name));
        let outside = |text: &str| {
            let (head, rest) = text.split_once("<!-- made by").unwrap();
            (head.to_owned(), rest.split_once("<!-- end -->").unwrap().1.to_owned())
        };
        assert_eq!(outside(&before), outside(&after), "{name}");
    }
}

#[test]
fn part_of_a_run_is_not_published() {
    if !have("python3") {
        return;
    }
    let tree = tree(&["copy".to_owned()]);
    assert!(report(tree.path(), &[]).1);
    let (text, is_well) = report(tree.path(), &["publish"]);
    assert!(!is_well);
    for section in sections() {
        assert_eq!(
            text.contains(&section),
            section != "copy",
            "bench/report.py knows no {section}: {text}"
        );
    }
    assert_eq!(fs::read_to_string(tree.path().join("README.md")).unwrap(), read("README.md"));
}

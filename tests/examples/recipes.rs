// SPDX-License-Identifier: MIT OR Apache-2.0

//! zs_recipes(7): it shows the programs of examples/recipes, and each of them does what the page says.

use crate::process::{within, Process, LIMIT};
use crate::support::{built, c, files, output, pkg_config, read, root, told, Scratch};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const PAGE: &str = "man/zs_recipes.7";

/// A line of a program as roff.
fn escaped(line: &str) -> String {
    let pairs = [("\\", "\\e"), ("\t", "    "), ("-", "\\-"), ("'", "\\(aq"), ("^", "\\(ha")];
    let pairs = pairs.iter().chain(&[("~", "\\(ti"), ("`", "\\(ga")]);
    pairs.fold(line.to_owned(), |line, (from, to)| line.replace(from, to)) + "\n"
}

/// A file as the page shows it: without its license.
fn shown(source: &str) -> String {
    let text = read(source);
    text.lines().filter(|line| !line.contains("SPDX-License-Identifier")).map(escaped).collect()
}

/// The name of the file that a line of the page says is shown next.
fn source_named(line: &str) -> Option<&str> {
    line.strip_prefix(".\\\" ").filter(|name| name.starts_with("examples/"))
}

/// The page with each program as it is in its file.
fn page_of_the_files() -> String {
    let page = read(PAGE);
    let mut lines = page.lines();
    let mut text = String::new();
    while let Some(line) = lines.next() {
        text += &format!("{line}\n");
        if let Some(source) = source_named(line) {
            text += &format!(".EX\n{}.EE\n", shown(source));
            assert!(lines.by_ref().any(|line| line == ".EE"), "{source}");
        }
    }
    text
}

/// With ZS_RECIPES=update (make recipes) the page is written.
#[test]
fn page_shows_the_programs() {
    let page = page_of_the_files();
    if std::env::var("ZS_RECIPES").is_ok_and(|value| value == "update") {
        fs::write(root().join(PAGE), &page).unwrap();
    }
    assert!(page == read(PAGE), "{PAGE} shows other programs than examples/: make recipes");
}

#[test]
fn every_recipe_is_on_the_page() {
    let page = read(PAGE);
    let named: BTreeSet<_> = page.lines().filter_map(source_named).collect();
    for path in files("examples/recipes", &["c"]) {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
        assert!(named.contains(name), "{name}");
    }
}

/// A recipe, compiled by the command of the page.
struct Recipe {
    place: Scratch,
    program: PathBuf,
}

impl Recipe {
    fn new(name: &str) -> Recipe {
        let place = Scratch::new();
        let rpath = format!("-Wl,-rpath,{}", built().display());
        let flags = vec!["-U_GNU_SOURCE".to_owned(), rpath];
        let arguments = [pkg_config(built(), &["--cflags", "--libs"]), flags].concat();
        let source = root().join("examples/recipes").join(name).with_extension("c");
        let program = c::program(&source, place.path(), &arguments);
        Recipe { place, program }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.arg("60").arg(&self.program).args(arguments).current_dir(self.place.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        output(&mut self.command(arguments))
    }

    /// It succeeds; what it prints.
    fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", told(&output));
        told(&output)
    }

    /// It fails with a message.
    fn fails(&self, arguments: &[&str], message: &str) {
        let output = self.run(arguments);
        assert!(output.status.code() == Some(1), "{arguments:?}: {}", output.status);
        assert!(told(&output).contains(message), "{arguments:?}: {}", told(&output));
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.place.path().join(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.place.path().join(name)).unwrap()
    }

    /// It runs with a pipe as input and a file as output.
    fn start(&self, arguments: &[&str]) -> (Process, ChildStdin) {
        let output = File::create(self.place.path().join("output")).unwrap();
        let mut command = Command::new(&self.program);
        let mut process =
            Process::start(command.args(arguments).stdin(Stdio::piped()).stdout(output));
        let stdin = process.stdin();
        (process, stdin)
    }

    /// What it has written arrives as a whole.
    fn has_copied(&self, bytes: &[u8]) -> bool {
        within(LIMIT, || self.read("output") == bytes)
    }
}

#[test]
fn copy_file() {
    let recipe = Recipe::new("copy_file");
    recipe.write("from", b"as cp(1) would");
    recipe.write("to", b"what was there before, and is longer");
    assert_eq!(recipe.prints(&["from", "to"]), "");
    assert_eq!(recipe.read("to"), b"as cp(1) would");
    recipe.fails(&["from", "from"], "same file");
    assert_eq!(recipe.read("from"), b"as cp(1) would");
    recipe.fails(&["missing", "to"], "No such file");
    recipe.fails(&["from", "/dev/full"], "No space left");
}

#[test]
fn progress_bar() {
    let recipe = Recipe::new("progress_bar");
    recipe.write("from", &vec![b'x'; 3 << 20]);
    assert!(recipe.prints(&["from", "to"]).ends_with(" 100 %\n"));
    assert_eq!(recipe.read("to").len(), 3 << 20);
    recipe.fails(&["from", "to"], "File exists");
}

#[test]
fn which_mechanism() {
    let recipe = Recipe::new("which_mechanism");
    recipe.write("from", &[b'x'; 100_000]);
    recipe.write("empty", b"");
    let told = recipe.prints(&["from", "to"]);
    assert!(told.starts_with("100000 bytes by ") && told.contains("0 of them through"), "{told}");
    let told = recipe.prints(&["/proc/self/status", "to"]);
    assert!(told.contains("by read/write"), "{told}");
    assert!(recipe.prints(&["empty", "to"]).starts_with("0 bytes by nothing"));
}

#[test]
fn to_many() {
    let recipe = Recipe::new("to_many");
    recipe.write("input", &vec![b'x'; 1 << 20]);
    let mut command = recipe.command(&["one", "/dev/full", "wc -c > counted"]);
    command.stdin(File::open(recipe.place.path().join("input")).unwrap());
    let output = command.output().unwrap();
    assert!(told(&output).contains("/dev/full: No space left on device"), "{}", told(&output));
    assert_eq!(recipe.read("one").len(), 1 << 20);
    assert_eq!(recipe.read("counted"), b"1048576\n");
}

#[test]
fn send_file() {
    let recipe = Recipe::new("send_file");
    let body = vec![b'x'; 300_000];
    recipe.write("file", &body);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let receiver = thread::spawn(move || {
        let mut got = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut got).unwrap();
        got
    });
    assert_eq!(recipe.prints(&["127.0.0.1", &port, "file"]), "");
    assert!(receiver.join().unwrap() == [b"length: 300000\n\n", &body[..]].concat());
}

#[test]
fn http_range() {
    let recipe = Recipe::new("http_range");
    recipe.write("file", b"0123456789");
    let answer = |range| recipe.prints(&["file", range]);
    assert!(answer("bytes=2-4").ends_with("bytes 2-4/10\r\nContent-Length: 3\r\n\r\n234"));
    assert!(answer("bytes=7-").ends_with("bytes 7-9/10\r\nContent-Length: 3\r\n\r\n789"));
    assert!(answer("bytes=7-99").ends_with("\r\n\r\n789"));
    assert!(answer("bytes=10-").starts_with("HTTP/1.1 416 "));
    assert!(answer("lines=1-2").starts_with("HTTP/1.1 416 "));
}

#[test]
fn time_limits() {
    let recipe = Recipe::new("time_limits");
    let begin = Instant::now();
    let (mut process, mut stdin) = recipe.start(&["1000", "60000"]);
    stdin.write_all(b"some").unwrap();
    assert!(!process.wait().success());
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert!(process.told().contains("too slow: 4 bytes arrived"), "{}", process.told());
    let (mut process, stdin) = recipe.start(&["60000", "100"]);
    assert!(!process.wait().success(), "{}", process.told());
    drop(stdin);
    let (mut process, stdin) = recipe.start(&["60000", "60000"]);
    drop(stdin);
    assert!(process.wait().success(), "{}", process.told());
}

#[test]
fn limit_rate() {
    let recipe = Recipe::new("limit_rate");
    let begin = Instant::now();
    let (mut process, mut stdin) = recipe.start(&["100000"]);
    stdin.write_all(&[b'x'; 50_000]).unwrap();
    drop(stdin);
    assert!(process.wait().success());
    assert!(begin.elapsed() > Duration::from_millis(300), "{:?}", begin.elapsed());
    assert_eq!(recipe.read("output").len(), 50_000);
    recipe.fails(&["0"], "usage");
}

#[test]
fn cancel_from_thread() {
    let recipe = Recipe::new("cancel_from_thread");
    let (mut process, mut stdin) = recipe.start(&["1"]);
    stdin.write_all(b"some").unwrap();
    assert!(!process.wait().success());
    assert!(process.told().contains("canceled after 4 bytes"), "{}", process.told());
}

#[test]
fn cancel_by_ctrl_c() {
    let recipe = Recipe::new("cancel_by_ctrl_c");
    let (mut process, mut stdin) = recipe.start(&[]);
    stdin.write_all(b"some").unwrap();
    assert!(recipe.has_copied(b"some"));
    process.signal(libc::SIGINT);
    assert_eq!(process.wait().signal(), Some(libc::SIGINT));
    assert!(process.told().contains("4 bytes copied"), "{}", process.told());
}

/// Each kind of input and output that a shell makes: the library finds its way in all of them.
#[test]
fn sandbox() {
    let recipe = Recipe::new("sandbox");
    let bytes = vec![b'x'; 1 << 20];
    recipe.write("input", &bytes);
    let shell = |script: &str| {
        let mut command = Command::new("timeout");
        command.args(["60", "sh", "-c", script]).current_dir(recipe.place.path());
        let output = output(command.env("P", &recipe.program));
        assert!(output.status.success(), "{script}: {}", told(&output));
        assert!(recipe.read("output") == bytes, "{script}");
    };
    shell("\"$P\" < input > output");
    shell("\"$P\" < input | cat > output");
    shell("cat input | \"$P\" > output");
    shell("cat input | \"$P\" | \"$P\" | cat > output");
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program that runs beside the test, with all that it writes to standard error.

use std::fs::{read_dir, read_to_string, DirEntry};
use std::io::Read as _;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn, JoinHandle};
use std::time::{Duration, Instant};

/// How long anything may take here.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Whether `happens` does so in time.
pub fn within(limit: Duration, mut happens: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        if happens() {
            return true;
        }
        sleep(Duration::from_millis(5));
    }
    happens()
}

/// Killed with this value.
pub struct Process {
    child: Child,
    told: Arc<Mutex<Vec<u8>>>,
    listener: Option<JoinHandle<()>>,
}

impl Process {
    pub fn start(command: &mut Command) -> Process {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let (mut stderr, text) = (child.stderr.take().unwrap(), Arc::clone(&told));
        let listener = spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut piece) {
                text.lock().unwrap().extend_from_slice(&piece[..count]);
            }
        });
        Process { child, told, listener: Some(listener) }
    }

    /// What it has written to standard error so far.
    pub fn told(&self) -> String {
        String::from_utf8_lossy(&self.told.lock().unwrap()).into_owned()
    }

    /// Whether it writes this in time.
    pub fn tells(&self, text: &str, limit: Duration) -> bool {
        within(limit, || self.told().contains(text))
    }

    pub fn signal(&self, number: i32) {
        let pid = i32::try_from(self.child.id()).unwrap();
        // SAFETY: kill(2) touches no memory; the process is a child that has not been waited for.
        unsafe { libc::kill(pid, number) };
    }

    /// How often each of its threads has waited so far.
    pub fn waits(&self) -> Vec<u64> {
        let tasks = read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let waits = |status: String| {
            let key = "voluntary_ctxt_switches:";
            let count = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            count.trim().parse().unwrap()
        };
        let status = |task: DirEntry| read_to_string(task.path().join("status")).unwrap();
        tasks.map(|task| waits(status(task.unwrap()))).collect()
    }

    /// The processor time that it has used, in steps of 10 ms.
    pub fn cpu_time(&self) -> Duration {
        let stat = read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit(") ").next().unwrap();
        let fields: Vec<_> = after_name.split(' ').collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    pub fn descriptors(&self) -> usize {
        read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Lets it have descriptors below `limit` only. The limit that it had.
    pub fn limit_descriptors(&self, limit: libc::rlim_t) -> libc::rlim_t {
        let pid = i32::try_from(self.child.id()).unwrap();
        let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        let (resource, none) = (libc::RLIMIT_NOFILE, std::ptr::null());
        // SAFETY: the kernel writes `old`.
        assert_eq!(unsafe { libc::prlimit(pid, resource, none, &raw mut old) }, 0);
        let new = libc::rlimit { rlim_cur: limit, ..old };
        // SAFETY: the kernel reads `new`.
        let status = unsafe { libc::prlimit(pid, resource, &raw const new, std::ptr::null_mut()) };
        assert_eq!(status, 0);
        old.rlim_cur
    }

    pub fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// How it ended, which it has to do in time.
    pub fn wait(&mut self) -> ExitStatus {
        let ended = within(LIMIT, || self.has_ended());
        assert!(ended, "still runs: {}", self.told());
        // All that it has written is there, too.
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

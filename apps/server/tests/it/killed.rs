//! Processes that end before they are done.

use crate::command::{done, keyed};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// What the kernel sends to a process that writes beyond the size it may.
const SIGXFSZ: i32 = 25;

/// Migrates a new database, and dies where it writes the byte after so many kilobytes.
fn migrate_up_to(folder: &Path, kilobytes: u32) -> ExitStatus {
    let server = env!("CARGO_BIN_EXE_coffer-server");
    let script = format!("ulimit -c 0; ulimit -f {}; exec \"$0\" migrate", kilobytes * 2);
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, server])
        .current_dir(folder)
        .env_clear()
        .env("COFFER_DATABASE_URL", "sqlite:coffer.db")
        .env("COFFER_KEY_FILE", "coffer.key")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().unwrap()
}

/// The kernel kills the process in the middle of a write, at one place after the other, and leaves half of the page
/// there. No handler runs, as with SIGKILL; unlike with that, the place is always the same.
#[test]
fn a_migration_that_is_killed_anywhere_is_made_whole_by_the_next() {
    let mut deaths = 0;
    for kilobytes in (1_u32..).step_by(14) {
        let folder = keyed();
        let ended = migrate_up_to(folder.path(), kilobytes);
        if ended.success() {
            break;
        }
        assert_eq!(ended.signal(), Some(SIGXFSZ), "{kilobytes} KiB: {ended}");
        deaths += 1;
        done(folder.path(), &["migrate"]);
        let tenant = ["tenants", "create", "--external-id", "acme", "--name", "Acme"];
        done(folder.path(), &tenant);
        assert!(done(folder.path(), &["tenants", "list"]).contains("Acme"));
        let written = fs::metadata(folder.path().join("coffer.db")).unwrap().len();
        assert!(written > 0, "{kilobytes} KiB");
    }
    assert!(deaths >= 5, "{deaths}: the database is written in more pages");
}

fn terminate(child: &Child) {
    let told = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(told.unwrap().success());
}

/// A request holds the server back for as long as its body may take; the second signal does not wait for it.
#[test]
fn f5_a_second_signal_ends_a_server_that_is_still_stopping() {
    let folder = keyed();
    done(folder.path(), &["migrate"]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_coffer-server"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_clear()
        .env("COFFER_DATABASE_URL", "sqlite:coffer.db")
        .env("COFFER_KEY_FILE", "coffer.key")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let serving = lines.find(|line| line.contains("\"serving\"")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&serving).unwrap();
    let mut slow = TcpStream::connect(line["address"].as_str().unwrap()).unwrap();
    slow.write_all(
        b"POST /oauth/callback/01890a5d-ac96-774b-bcce-b302099a8057 HTTP/1.1\r\nhost: x\r\n\
          expect: 100-continue\r\ncontent-length: 9\r\n\r\n",
    )
    .unwrap();
    let mut go_on = [0; 12];
    slow.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100");

    terminate(&child);
    assert!(lines.any(|line| line.contains("\"stopping\"")));
    terminate(&child);
    assert_eq!(
        child.wait().unwrap().code(),
        Some(1),
        "it says that it was cut short"
    );
    assert!(lines.all(|line| !line.contains("\"stopped\"")));
    done(folder.path(), &["migrate"]);
}

//! What the demo says on standard output when it is ready.

use super::command::curl;
use super::state::Demo;
use coffer_core::id::ConnectionId;
use std::io::{self, Write as _};

/// The page, a command line that works, where the data is, how to stop.
pub(super) fn text(demo: &Demo, connection: Option<ConnectionId>) -> String {
    let ask = match connection {
        Some(id) => format!("Ask for a token:\n\n    {}", curl(demo, id)),
        None => "No connection gives tokens now: connect an account on the page. The command line then stands there."
            .to_owned(),
    };
    format!(
        "\nThe Coffer demo is running. Open this page:\n\n    {}\n\n{ask}\n\n\
         Everything is kept in {}; remove that folder to begin anew.\n\
         Stop with Ctrl-C. Start again with the same command: nothing is lost.\n",
        demo.url("/"),
        demo.folder.path().display(),
    )
}

/// Writes it.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

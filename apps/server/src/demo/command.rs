//! The command line that gets a token.

use super::state::Demo;
use coffer_core::id::ConnectionId;
use std::path::Path;

/// A line for a POSIX shell. The key stays in its file.
pub(super) fn curl(demo: &Demo, connection: ConnectionId) -> String {
    let (key, url) = (
        quoted(&demo.folder.caller_key()),
        demo.url(&format!("/v1/connections/{connection}/token")),
    );
    format!("curl -s -X POST -H \"Authorization: Bearer $(cat {key})\" {url}")
}

/// A path as one word of a POSIX shell (section 2.2.2 of its standard).
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | '@' | '%');
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_whatever_is_in_it() {
        for (path, word) in [
            ("/home/a/coffer-data/caller.key", "/home/a/coffer-data/caller.key"),
            ("/home/a b/caller.key", "'/home/a b/caller.key'"),
            ("/home/$(x)/o'clock", r"'/home/$(x)/o'\''clock'"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }
}

//! What can be seen without asking anybody: addresses, files.

use super::Finding;
use crate::compose::database;
use crate::config::{Config, KeyText, is_loopback};
use coffer_store::Database;
use std::path::Path;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![public_url(config)];
    if let Some(address) = config.metrics_listen
        && !address.ip().is_loopback()
    {
        let todo = "let nobody but Prometheus reach it";
        findings.push(Finding::warn(
            "metrics",
            format!("{address} serves metrics to anybody who reaches it"),
            todo,
        ));
    }
    for allowance in &config.http_allow {
        let found = format!("{allowance} may be reached");
        findings.push(if allowance.plain_http && !is_this_machine(&allowance.host) {
            Finding::warn(
                "outgoing",
                format!("{found} without TLS"),
                "secrets go there in clear: use https",
            )
        } else {
            Finding::ok("outgoing", found)
        });
    }
    if let KeyText::File(path) = &config.keys.primary {
        findings.push(file("key file", path));
    }
    if let Database::Sqlite { path } = database(&config.database) {
        findings.push(file("database file", &path));
    }
    findings
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn public_url(config: &Config) -> Finding {
    let url = &config.public_url;
    if is_loopback(url) && !config.listen.ip().is_loopback() {
        let found = format!("{url} is this machine, but {} is listened on", config.listen);
        return Finding::warn(
            "public URL",
            found,
            "set COFFER_PUBLIC_URL to where browsers reach the server",
        );
    }
    if url.scheme() == "http" {
        let todo = "providers other than the simulator mostly want https";
        return Finding::warn("public URL", format!("{url} is good for trying out"), todo);
    }
    Finding::ok("public URL", url.to_string())
}

#[cfg(unix)]
fn file(what: &str, path: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::metadata(path) {
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            let found = format!("{} has mode {mode:03o}", path.display());
            if mode & 0o077 == 0 {
                Finding::ok(what, found)
            } else {
                Finding::fail(
                    what,
                    format!("{found}: others may read it"),
                    format!("chmod 600 {}", path.display()),
                )
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::warn(
            what,
            format!("{} is not there yet", path.display()),
            "`migrate` makes a database file",
        ),
        Err(error) => Finding::fail(
            what,
            format!("{}: {error}", path.display()),
            "let this user read it",
        ),
    }
}

#[cfg(not(unix))]
fn file(what: &str, path: &Path) -> Finding {
    Finding::ok(
        what,
        format!("{}: see that nobody else may read it", path.display()),
    )
}

//! THR-40: a proxy in the environment is not asked.

use crate::support::{Reply, Server};
use std::process::Command;

/// Runs one of this binary's own tests, which speaks to a server, in an environment full of proxies.
#[tokio::test]
async fn thr_40_proxies_in_the_environment_are_ignored() {
    let proxy = Server::start(Reply::ok("from the proxy")).await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "exchange::an_allowed_host_is_spoken_to_over_plain_http",
        "--nocapture",
    ]);
    for variable in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        child.env(variable, format!("http://{}", proxy.address));
    }
    for variable in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(variable);
    }
    let output = tokio::task::spawn_blocking(move || child.output().unwrap())
        .await
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
    assert_eq!(proxy.connections(), 0);
}

//! Clients that take their time (THR-29). The time for a head is the HTTP library's to measure, in real seconds; how a body
//! that dribbles in is ended is seen beside the code that reads it, where time is not real.

use crate::server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn thr_29_a_head_that_dribbles_in_is_cut_off_and_others_are_served_meanwhile() {
    let server = Server::start().await;
    let slow = TcpStream::connect(server.at).await.unwrap();
    let (mut answer, mut request) = slow.into_split();
    request
        .write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ")
        .await
        .unwrap();
    let dribble = tokio::spawn(async move {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(200));
        // It never ends by itself: whoever is at the other end has to end it.
        while request.write_all(b"a").await.is_ok() {
            pace.tick().await;
        }
    });
    let other = crate::raw::send(server.at, "GET", "/health", &[], "").await;
    assert_eq!(other.status, 200, "{other:?}");
    let mut told = Vec::new();
    // Ended by the server, in good order or with a reset because something more came in.
    let _ = answer.read_to_end(&mut told).await;
    let told = String::from_utf8_lossy(&told);
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 408"), "{told}");
    dribble.await.unwrap();
    server.running.stop().await;
}

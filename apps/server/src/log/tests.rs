use super::*;
use crate::request_id::RequestId;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(format: LogFormat, filter: &str, act: impl FnOnce()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let config = LogConfig {
        filter: filter.into(),
        format,
    };
    tracing::subscriber::with_default(subscriber(&config, move || writer.clone()), act);
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn thr_65_a_stranger_cannot_raise_an_alarm_with_a_request_that_cannot_be_read() {
    let lines = logged(LogFormat::Json, "info", || {
        tracing::error!(target: "actix_http::h1::dispatcher", "stream error: request parse error");
        tracing::error!(target: "actix_server::worker", "a worker died");
    });
    assert!(
        !lines.contains("parse error") && lines.contains("a worker died"),
        "{lines}"
    );
}

const HOSTILE: &str = "a\r\nb\u{1b}[31m\u{2028}c\u{85}d\u{202e}\"\\\u{7f}";

#[test]
fn thr_65_one_event_is_one_line_whatever_its_fields_hold() {
    for format in [LogFormat::Json, LogFormat::Text] {
        let line = logged(format, "info", || {
            tracing::info!(hostile = HOSTILE, "message {HOSTILE}")
        });
        assert_eq!(line.matches('\n').count(), 1, "{line:?}");
        let rest = line.trim_end_matches('\n');
        assert!(
            !rest
                .chars()
                .any(|c| c.is_control() || c == '\u{2028}' || c == '\u{202e}'),
            "{line:?}"
        );
    }
}

#[test]
fn o3_a_json_line_says_what_was_logged_and_for_which_request() {
    let line = logged(LogFormat::Json, "info", || {
        let request = RequestId::accept("req-1").unwrap();
        futures_util::FutureExt::now_or_never(request.scope(async {
            tracing::warn!(hostile = HOSTILE, number = 7, flag = true, "hello");
        }))
        .unwrap();
    });
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&value["message"], &value["level"]),
        (&"hello".into(), &"WARN".into())
    );
    assert_eq!((&value["number"], &value["flag"]), (&7.into(), &true.into()));
    assert_eq!(
        (&value["hostile"], &value["request_id"]),
        (&HOSTILE.into(), &"req-1".into())
    );
}

#[test]
fn thr_63_libraries_are_not_heard_in_detail() {
    let lines = logged(LogFormat::Text, "trace", || {
        tracing::info!(target: "tokio_postgres::query", "executing with canary-4711");
        tracing::trace!(target: "hyper", "canary-4711");
        tracing::trace!(target: "coffer_wallet", "heard");
        tracing::warn!(target: "actix_server", "heard too");
    });
    assert!(
        !lines.contains("canary") && lines.contains("heard") && lines.contains("heard too"),
        "{lines}"
    );
}

#[test]
fn thr_65_a_very_long_value_is_cut() {
    let line = logged(LogFormat::Json, "info", || {
        tracing::info!(long = "x".repeat(100_000), "m")
    });
    assert!(line.len() < 3_000, "{}", line.len());
}

//! The line of an event.

use super::escape;
use crate::request_id::RequestId;
use coffer_core::{Clock as _, SystemClock};
use std::fmt::{self, Debug, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

pub(super) struct Formatter {
    pub(super) json: bool,
}

impl<S, N> FormatEvent<S, N> for Formatter
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields {
            json: self.json,
            message: String::new(),
            rest: String::new(),
            value: String::new(),
        };
        event.record(&mut fields);
        let (at, level, target) = (
            SystemClock.now(),
            event.metadata().level(),
            event.metadata().target(),
        );
        let request = RequestId::current();
        if self.json {
            write!(
                writer,
                r#"{{"at":"{at}","level":"{}","target":"{target}","message":""#,
                level.as_str()
            )?;
            escape::json(&mut writer, &fields.message)?;
            writer.write_char('"')?;
            if let Some(request) = request {
                write!(writer, r#","request_id":"{}""#, request.as_str())?;
            }
            writeln!(writer, "{}}}", fields.rest)
        } else {
            write!(writer, "{at} {level:5} {target}: ")?;
            escape::text(&mut writer, &fields.message)?;
            if let Some(request) = request {
                write!(writer, " request_id={}", request.as_str())?;
            }
            writeln!(writer, "{}", fields.rest)
        }
    }
}

/// Collects the fields as they will stand in the line.
struct Fields {
    json: bool,
    message: String,
    rest: String,
    value: String,
}

impl Fields {
    fn add(&mut self, field: &Field, quoted: bool) {
        if field.name() == "message" {
            self.message.clone_from(&self.value);
            return;
        }
        // Writing to a String does not fail.
        let _ = match (self.json, quoted) {
            (true, true) => write!(self.rest, r#","{}":""#, field.name())
                .and_then(|()| escape::json(&mut self.rest, &self.value))
                .and_then(|()| self.rest.write_char('"')),
            (true, false) => write!(self.rest, r#","{}":{}"#, field.name(), self.value),
            (false, _) => write!(self.rest, " {}=", field.name())
                .and_then(|()| escape::text(&mut self.rest, &self.value)),
        };
    }

    fn take(&mut self, field: &Field, value: fmt::Arguments<'_>, quoted: bool) {
        self.value.clear();
        let _ = self.value.write_fmt(value);
        self.add(field, quoted);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.take(field, format_args!("{value:?}"), true);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, format_args!("{value}"), true);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, format_args!("{value}"), false);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, format_args!("{value}"), false);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, format_args!("{value}"), false);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.take(field, format_args!("{value}"), true);
    }
}

//! Listens to the statements of one store's connections, with the values that are bound.

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

/// Told of each statement just before it runs: the file of its database, its SQL, and the bound values as diesel prints
/// them, see [`literals`].
pub trait Listen: Send + Sync {
    fn statement(&self, path: &str, sql: &str, values: &str);
}

type Listeners = HashMap<String, Arc<dyn Listen>>;

/// By the file that they listen to: other tests of this process have connections too.
static LISTENERS: LazyLock<Mutex<Listeners>> = LazyLock::new(Mutex::default);

/// What each connection has, and whom it tells.
#[derive(Default)]
struct Tap(Option<(String, Arc<dyn Listen>)>);

/// Listens to every connection that is opened to this file from now on.
pub fn listen(path: &str, listener: Arc<dyn Listen>) {
    set_default_instrumentation(|| Some(Box::new(Tap::default()))).unwrap();
    LISTENERS.lock().unwrap().insert(path.to_owned(), listener);
}

impl Instrumentation for Tap {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartEstablishConnection { url, .. } = event {
            let listener = LISTENERS.lock().unwrap().get(url).cloned();
            self.0 = listener.map(|listener| (url.to_owned(), listener));
        } else if let (InstrumentationEvent::StartQuery { query, .. }, Some((path, listener))) =
            (event, &self.0)
        {
            let text = query.to_string();
            let (sql, values) = text.rsplit_once(" -- binds: ").unwrap_or((&text, "[]"));
            listener.statement(path, sql, values);
        }
    }
}

/// The values as diesel prints what it gives SQLite, `[Binary([1, 2]), I64(3), String("x"), Null]`, as literals of SQL.
pub fn literals(printed: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = printed.strip_prefix('[').expect(printed);
    while rest != "]" {
        let (literal, after) = literal(rest);
        found.push(literal);
        rest = after.strip_prefix(", ").unwrap_or(after);
    }
    found
}

fn literal(printed: &str) -> (String, &str) {
    if let Some(after) = printed.strip_prefix("Null") {
        return ("NULL".to_owned(), after);
    }
    let (kind, inner) = printed.split_once('(').expect(printed);
    match kind {
        "Binary" => {
            let (bytes, after) = inner[1..].split_once("])").expect(printed);
            let bytes = bytes.split(", ").filter(|byte| !byte.is_empty());
            let hex: String = bytes
                .map(|byte| format!("{:02x}", byte.parse::<u8>().unwrap()))
                .collect();
            (format!("x'{hex}'"), after)
        }
        "String" => {
            // Rust writes a string as JSON does, but for characters that no statement of the tests has.
            let mut strings = serde_json::Deserializer::from_str(inner).into_iter::<String>();
            let text = strings.next().unwrap().unwrap();
            let after = inner[strings.byte_offset()..].strip_prefix(')').expect(printed);
            (format!("'{}'", text.replace('\'', "''")), after)
        }
        "I32" | "I64" => {
            let (number, after) = inner.split_once(')').expect(printed);
            (number.to_owned(), after)
        }
        _ => panic!("a value of another kind: {printed}"),
    }
}

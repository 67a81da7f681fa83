//! JSON as providers and attackers write it: duplicate members are seen, depth is limited, secrets are wiped.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use zeroize::Zeroize;

/// A parsed document whose texts are wiped from memory on drop, because tokens are among them.
pub(crate) struct Document {
    pub(crate) value: Value,
    /// Names of members that occurred more than once in the same object with different values.
    pub(crate) conflicts: BTreeSet<String>,
    /// Whether any member occurred more than once, with whatever value.
    pub(crate) has_duplicates: bool,
}

impl Document {
    /// Parses one JSON document. The nesting that serde_json allows (128) is the limit. A byte-order mark is skipped.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let seen = RefCell::new(Seen::default());
        let mut from = serde_json::Deserializer::from_slice(without_bom(bytes));
        let value = Node(&seen).deserialize(&mut from).map(WipeOnError)?;
        from.end()?;
        let Seen { conflicts, any } = seen.into_inner();
        Ok(Self {
            value: value.take(),
            conflicts,
            has_duplicates: any,
        })
    }

    /// A flat object, from a form body.
    pub(crate) fn from_pairs(pairs: impl Iterator<Item = (String, String)>) -> Self {
        let (mut map, mut seen) = (Map::new(), Seen::default());
        for (name, value) in pairs {
            seen.insert(&mut map, name, Value::String(value));
        }
        Self {
            value: Value::Object(map),
            conflicts: seen.conflicts,
            has_duplicates: seen.any,
        }
    }

    /// The value at a JSON pointer (RFC 6901), if it is there and not null.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer).filter(|value| !value.is_null())
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document([REDACTED])")
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        wipe(&mut self.value);
    }
}

pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

struct WipeOnError(Value);

impl WipeOnError {
    fn take(mut self) -> Value {
        std::mem::take(&mut self.0)
    }
}

impl Drop for WipeOnError {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[derive(Default)]
struct Seen {
    conflicts: BTreeSet<String>,
    any: bool,
}

impl Seen {
    /// Keeps the first value, and takes note of a second one.
    fn insert(&mut self, map: &mut Map<String, Value>, name: String, mut value: Value) {
        match map.get(&name) {
            None => {
                map.insert(name, value);
            }
            Some(first) => {
                self.any = true;
                if *first != value {
                    self.conflicts.insert(name);
                }
                wipe(&mut value);
            }
        }
    }
}

struct Node<'a>(&'a RefCell<Seen>);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(Node(self.0))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            let value = from.next_value_seed(Node(self.0))?;
            let mut seen = self.0.try_borrow_mut().map_err(A::Error::custom)?;
            seen.insert(&mut map, name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_seen_at_every_depth_and_the_first_one_counts() {
        let doc = Document::parse(br#"{"a":1,"b":{"c":"x","c":"y"},"a":1}"#).unwrap();
        assert!(doc.has_duplicates);
        assert_eq!(doc.conflicts.iter().collect::<Vec<_>>(), ["c"]);
        assert_eq!(doc.at("/b/c").unwrap(), "x");
    }

    #[test]
    fn thr_42_a_depth_bomb_is_an_error_and_not_a_crash() {
        let bomb = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        assert!(Document::parse(&bomb).is_err());
        assert!(Document::parse(&br#"{"a":"#.repeat(100_000)).is_err());
    }

    #[test]
    fn what_follows_the_document_is_an_error_and_a_byte_order_mark_is_not() {
        assert!(Document::parse(b"{} {}").is_err());
        assert!(Document::parse(b"\xef\xbb\xbf {} \n").is_ok());
        assert!(!format!("{:?}", Document::parse(br#"{"t":"canary"}"#).unwrap()).contains("canary"));
    }
}

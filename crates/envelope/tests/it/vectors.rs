use crate::support::{is_refused, open, secret, unhex};
use coffer_core::cell::{Cell, Column, Purpose, Table};
use coffer_core::data_key::{DataKey, DataKeyPurpose, DataKeyState, KeyWrap};
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_core::testing::FakeClock;
use coffer_core::{SecureRandom, Timestamp};
use coffer_envelope::testing::MemoryDataKeys;
use coffer_envelope::{CachePolicy, KeyRing, KeySource as _, LocalKey, LocalKeySource, WrapContext};
use serde_json::Value;
use std::sync::{Arc, Mutex};

fn document() -> Value {
    serde_json::from_str(include_str!("../vectors/envelope-v1.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    text(value).parse().unwrap()
}

/// Says what the vector says.
#[derive(Debug, Default)]
struct Replayed(Mutex<Vec<u8>>);

impl SecureRandom for Replayed {
    fn fill(&self, to: &mut [u8]) {
        let bytes = self.0.lock().unwrap();
        to.iter_mut().zip(&*bytes).for_each(|(to, byte)| *to = *byte);
    }
}

struct Published {
    document: Value,
    source: LocalKeySource,
    ring: KeyRing,
    random: Arc<Replayed>,
}

impl Published {
    fn read() -> Self {
        let (document, random) = (document(), Arc::new(Replayed::default()));
        let kek = LocalKey::parse(&secret_text(text(&document["kek"]).to_owned())).unwrap();
        let source = LocalKeySource::new(kek, random.clone());
        let keys = MemoryDataKeys::default();
        for wrap in document["wraps"].as_array().unwrap() {
            keys.put(stored_key(wrap));
        }
        let ring = KeyRing::for_installation(
            text(&document["installation"]),
            Arc::new(source.clone()),
            Arc::new(keys),
            Arc::new(FakeClock::default()),
            random.clone(),
            CachePolicy::STANDARD,
        );
        Self {
            document,
            source,
            ring,
            random,
        }
    }

    fn vectors(&self, section: &str) -> &[Value] {
        self.document[section].as_array().unwrap()
    }

    fn replay(&self, vector: &Value) {
        *self.random.0.lock().unwrap() = unhex(text(&vector["random"]));
    }
}

fn stored_key(wrap: &Value) -> DataKey {
    DataKey {
        tenant: parsed(&wrap["tenant"]),
        id: parsed(&wrap["key"]),
        version: u32::try_from(wrap["version"].as_u64().unwrap()).unwrap(),
        purpose: DataKeyPurpose::parse(text(&wrap["purpose"])).unwrap(),
        state: DataKeyState::Active,
        created_at: Timestamp::from_unix_secs(0),
        wraps: vec![KeyWrap {
            kek: text(&wrap["kek_ref"]).to_owned(),
            blob: unhex(text(&wrap["blob"])),
        }],
    }
}

fn with_code<T: Copy>(all: &[T], code: impl Fn(T) -> u16, value: &Value) -> T {
    let wanted = value.as_u64().unwrap();
    *all.iter()
        .find(|known| u64::from(code(**known)) == wanted)
        .unwrap()
}

fn cell(vector: &Value) -> Cell {
    let cell = &vector["cell"];
    Cell {
        tenant: parsed(&cell["tenant"]),
        table: with_code(Table::ALL, Table::code, &cell["table"]),
        row: parsed(&cell["row"]),
        column: with_code(Column::ALL, Column::code, &cell["column"]),
        purpose: with_code(Purpose::ALL, Purpose::code, &cell["purpose"]),
        generation: parsed(&cell["generation"]),
    }
}

#[tokio::test]
async fn every_published_envelope_opens_and_is_made_again_byte_for_byte() {
    let published = Published::read();
    assert_eq!(published.vectors("positive").len(), 6);
    for vector in published.vectors("positive") {
        let (cell, plaintext) = (cell(vector), unhex(text(&vector["plaintext"])));
        let envelope = unhex(text(&vector["envelope"]));
        let name = &vector["name"];
        assert_eq!(
            open(&published.ring, &cell, &envelope).await.unwrap(),
            plaintext,
            "{name}"
        );
        published.replay(vector);
        let again = published.ring.seal(&cell, &secret(&plaintext)).await.unwrap();
        assert_eq!(again.as_bytes(), envelope, "{name}");
    }
}

#[tokio::test]
async fn every_published_forgery_is_refused_for_its_reason() {
    let published = Published::read();
    assert_eq!(published.vectors("negative").len(), 24);
    for vector in published.vectors("negative") {
        let before = published.ring.failures();
        let envelope = unhex(text(&vector["envelope"]));
        let name = &vector["name"];
        assert!(
            is_refused(&published.ring, &cell(vector), &envelope).await,
            "{name}"
        );
        let counted: Vec<_> = published
            .ring
            .failures()
            .iter()
            .filter(|(reason, count)| *count > before.of(*reason))
            .map(|(reason, _)| reason.as_str())
            .collect();
        assert_eq!(counted, [text(&vector["reason"])], "{name}");
    }
}

#[tokio::test]
async fn every_published_wrap_unwraps_and_is_made_again_byte_for_byte() {
    let published = Published::read();
    assert_eq!(published.vectors("wraps").len(), 3);
    for vector in published.vectors("wraps") {
        let key = stored_key(vector);
        let context = WrapContext {
            installation: text(&published.document["installation"]).to_owned(),
            tenant: key.tenant,
            key: key.id,
            version: key.version,
            purpose: key.purpose,
        };
        let bytes = unhex(text(&vector["data_key"]));
        let unwrapped = published.source.unwrap(&context, &key.wraps[0]).await.unwrap();
        assert_eq!(unwrapped.expose_secret(), bytes);
        published.replay(vector);
        assert_eq!(
            published.source.wrap(&context, &secret(&bytes)).await.unwrap(),
            key.wraps[0]
        );
    }
}

#[tokio::test]
async fn every_published_lookup_hash_is_made_again() {
    let published = Published::read();
    let key = published
        .ring
        .lookup_key(crate::support::tenant(1))
        .await
        .unwrap();
    assert_eq!(published.vectors("lookups").len(), 3);
    for vector in published.vectors("lookups") {
        let (label, value) = (text(&vector["label"]), unhex(text(&vector["value"])));
        assert_eq!(
            key.hash(label, &value).0[..],
            unhex(text(&vector["hash"])),
            "{label}"
        );
        assert_eq!(
            key.fingerprint(label, &value).0[..],
            unhex(text(&vector["fingerprint"])),
            "{label}"
        );
    }
}

//! Prints the test vectors of the format: `tests/vectors/envelope-v1.json`. Once released, vectors are never edited;
//! a new format version gets a new file.
#![allow(clippy::print_stdout, reason = "a program that prints a file")]

use coffer_core::cell::{Cell, Column, Purpose, Table};
use coffer_core::data_key::{DataKey, DataKeyPurpose, DataKeyState, KeyWrap};
use coffer_core::id::{DataKeyId, TenantId};
use coffer_core::secret::{secret_bytes, secret_text};
use coffer_core::{SecureRandom, SystemClock, Timestamp};
use coffer_envelope::testing::MemoryDataKeys;
use coffer_envelope::{
    CachePolicy, DEFAULT_INSTALLATION, KeyRing, KeySource as _, LocalKey, LocalKeySource, WrapContext,
};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// A "generator" that gives SHA-256 of a label: vectors are made, and checked, without chance.
#[derive(Debug)]
struct FromLabel(Mutex<String>);

impl FromLabel {
    fn set(&self, label: &str) {
        label.clone_into(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl SecureRandom for FromLabel {
    fn fill(&self, to: &mut [u8]) {
        let label = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        to.iter_mut()
            .zip(labelled(&label))
            .for_each(|(to, byte)| *to = byte);
    }
}

fn labelled(label: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, format!("coffer test vector: {label}").as_bytes()).as_ref());
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let random = Arc::new(FromLabel(Mutex::new(String::new())));
    let kek = LocalKey::parse(&secret_text(hex(&labelled("kek"))))?;
    let source = Arc::new(LocalKeySource::new(kek, random.clone()));
    let keys = MemoryDataKeys::default();
    let mut wraps = Vec::new();
    for (tenant, id, purpose, label) in [
        (1, 11, DataKeyPurpose::Seal, "data key"),
        (1, 12, DataKeyPurpose::Lookup, "lookup key"),
        (2, 21, DataKeyPurpose::Seal, "data key of another tenant"),
    ] {
        random.set(&format!("wrap of {label}"));
        let (key, wrap) = data_key(&source, tenant, id, purpose, label).await?;
        wraps.push(json!({
            "tenant": key.tenant, "key": key.id, "version": key.version, "purpose": purpose.as_str(),
            "data_key": hex(&labelled(label)), "random": hex(&labelled(&format!("wrap of {label}"))),
            "kek_ref": wrap.kek, "blob": hex(&wrap.blob),
        }));
        keys.put(key);
    }
    let ring = KeyRing::new(
        source,
        Arc::new(keys),
        Arc::new(SystemClock),
        random.clone(),
        CachePolicy::STANDARD,
    );
    let positive = positive(&ring, &random).await?;
    let document = json!({
        "format": "coffer envelope, version 1: docs/envelope-format.md",
        "installation": DEFAULT_INSTALLATION,
        "kek": hex(&labelled("kek")),
        "wraps": wraps,
        "negative": negative(&ring, &positive).await?,
        "positive": positive,
        "lookups": lookups(&ring).await?,
    });
    println!("{}", serde_json::to_string_pretty(&document)?);
    Ok(())
}

async fn data_key(
    source: &LocalKeySource,
    tenant: u128,
    id: u128,
    purpose: DataKeyPurpose,
    label: &str,
) -> Result<(DataKey, KeyWrap), Box<dyn Error>> {
    let context = WrapContext {
        installation: DEFAULT_INSTALLATION.to_owned(),
        tenant: TenantId::from_uuid(Uuid::from_u128(tenant)),
        key: DataKeyId::from_uuid(Uuid::from_u128(id)),
        version: 1,
        purpose,
    };
    let wrap = source
        .wrap(&context, &secret_bytes(labelled(label).to_vec()))
        .await?;
    let key = DataKey {
        tenant: context.tenant,
        id: context.key,
        version: 1,
        purpose,
        state: DataKeyState::Active,
        created_at: Timestamp::from_unix_secs(0),
        wraps: vec![wrap.clone()],
    };
    Ok((key, wrap))
}

fn cell() -> Cell {
    Cell {
        tenant: TenantId::from_uuid(Uuid::from_u128(1)),
        table: Table::CredentialSlots,
        row: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0042),
        column: Column::RefreshToken,
        purpose: Purpose::ProviderToken,
        generation: 1,
    }
}

fn cell_json(cell: &Cell) -> Value {
    json!({
        "tenant": cell.tenant, "table": cell.table.code(), "row": cell.row, "column": cell.column.code(),
        "purpose": cell.purpose.code(), "generation": cell.generation.to_string(),
    })
}

async fn positive(ring: &KeyRing, random: &FromLabel) -> Result<Vec<Value>, Box<dyn Error>> {
    let cases: [(&str, Vec<u8>, Cell); 6] = [
        ("a refresh token", b"rt-0123456789".to_vec(), cell()),
        ("nothing", Vec::new(), cell()),
        ("one block", vec![0x5a; 16], cell()),
        ("2 KiB", vec![0xa5; 2048], cell()),
        (
            "the highest generation",
            b"rt-0123456789".to_vec(),
            Cell {
                generation: u64::MAX,
                ..cell()
            },
        ),
        (
            "another place",
            b"at-0123456789".to_vec(),
            Cell {
                table: Table::AccessTokens,
                column: Column::AccessToken,
                generation: 0,
                ..cell()
            },
        ),
    ];
    let mut vectors = Vec::new();
    for (name, plaintext, cell) in cases {
        random.set(name);
        let sealed = ring.seal(&cell, &secret_bytes(plaintext.clone())).await?;
        vectors.push(json!({
            "name": name, "cell": cell_json(&cell), "random": hex(&labelled(name)),
            "plaintext": hex(&plaintext), "envelope": hex(sealed.as_bytes()),
        }));
    }
    Ok(vectors)
}

async fn negative(ring: &KeyRing, positive: &[Value]) -> Result<Vec<Value>, Box<dyn Error>> {
    let envelope = positive
        .first()
        .and_then(|vector| vector["envelope"].as_str())
        .unwrap_or_default();
    let with = |at: usize, value: &str| {
        let (start, rest) = envelope.split_at(2 * at);
        format!("{start}{value}{}", rest.split_at(value.len()).1)
    };
    let theirs = Cell {
        tenant: TenantId::from_uuid(Uuid::from_u128(2)),
        ..cell()
    };
    let theirs = hex(ring
        .seal(&theirs, &secret_bytes(b"rt-0123456789".to_vec()))
        .await?
        .as_bytes());
    let part = |from: usize, to: usize| theirs.get(2 * from..2 * to).unwrap_or_default().to_owned();
    let bytes = envelope.len() / 2;
    let cut = |to: usize| envelope.get(..2 * to).unwrap_or_default().to_owned();
    let flipped = |at: usize| {
        let byte = envelope
            .get(2 * at..2 * at + 2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        with(at, &hex(&[byte.unwrap_or_default() ^ 1]))
    };
    let forged = [
        ("no bytes", String::new(), "length"),
        ("a header alone", cut(20), "length"),
        ("shorter than an empty envelope", cut(99), "length"),
        ("one byte short", cut(bytes - 1), "authentication"),
        ("one byte more", format!("{envelope}00"), "authentication"),
        ("another magic", with(0, "e6"), "magic"),
        ("version 0", with(1, "00"), "version"),
        ("version 2", with(1, "02"), "version"),
        ("suite 1", with(2, "01"), "suite"),
        ("a flag", with(3, "01"), "flags"),
        ("an unknown data key", with(4, &"0".repeat(32)), "unknown_key"),
        ("another tenant's data key", with(4, &part(4, 20)), "unknown_key"),
        ("another tenant's envelope", theirs.clone(), "unknown_key"),
        ("another salt", with(20, &part(20, 52)), "commitment"),
        ("another commitment", with(52, &part(52, 84)), "commitment"),
        ("a bit of the commitment", flipped(83), "commitment"),
        ("a bit of the ciphertext", flipped(84), "authentication"),
        ("a bit of the tag", flipped(bytes - 1), "authentication"),
    ];
    let moved = [
        (
            "another table",
            Cell {
                table: Table::Connections,
                ..cell()
            },
            "authentication",
        ),
        (
            "another row",
            Cell {
                row: Uuid::from_u128(0x43),
                ..cell()
            },
            "authentication",
        ),
        (
            "another column",
            Cell {
                column: Column::AccessToken,
                ..cell()
            },
            "authentication",
        ),
        (
            "another purpose",
            Cell {
                purpose: Purpose::Identity,
                ..cell()
            },
            "commitment",
        ),
        (
            "the next generation",
            Cell {
                generation: 2,
                ..cell()
            },
            "authentication",
        ),
        (
            "no generation",
            Cell {
                generation: 0,
                ..cell()
            },
            "authentication",
        ),
    ];
    let vector = |name: &str, cell: &Cell, envelope: &str, reason: &str| json!({ "name": name, "cell": cell_json(cell), "envelope": envelope, "reason": reason });
    let forged = forged
        .iter()
        .map(|(name, bytes, reason)| vector(name, &cell(), bytes, reason));
    let moved = moved
        .iter()
        .map(|(name, cell, reason)| vector(name, cell, envelope, reason));
    Ok(forged.chain(moved).collect())
}

async fn lookups(ring: &KeyRing) -> Result<Vec<Value>, Box<dyn Error>> {
    let key = ring.lookup_key(cell().tenant).await?;
    let cases: [(&str, &[u8]); 3] = [("caller-key", b"a value"), ("subject", b"a value"), ("", b"")];
    Ok(cases
        .iter()
        .map(|(label, value)| {
            json!({
                "label": label, "value": hex(value),
                "hash": hex(&key.hash(label, value).0), "fingerprint": hex(&key.fingerprint(label, value).0),
            })
        })
        .collect())
}

//! Measures seal and open of 2 KiB on one core, through the key ring as the server uses it, and compares `open` with
//! bare ring AES-256-GCM on the same bytes, its key built each time. A second is a second of a core at work on this: the
//! time in which the machine did something else does not count (Linux; elsewhere it is the wall clock's). The last line
//! is for programs:
//!
//! `seal_per_s=<integer> open_per_s=<integer> open_vs_raw=<ratio>`
#![allow(clippy::print_stdout, reason = "a program that prints figures")]

use coffer_core::cell::{Cell, Column, Purpose, Table};
use coffer_core::id::TenantId;
use coffer_core::secret::secret_bytes;
use coffer_core::{SecretBytes, SecureRandom as _, SystemClock, SystemRandom};
use coffer_envelope::testing::MemoryDataKeys;
use coffer_envelope::{CachePolicy, EnvelopeError, KeyRing, LocalKey, LocalKeyError, LocalKeySource};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const PLAINTEXT: usize = 2048;
const ROUND: Duration = Duration::from_millis(300);
const ROUNDS: usize = 15;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (ring, cell) = (key_ring()?, cell());
    let mut plaintext = vec![0; PLAINTEXT];
    SystemRandom.fill(&mut plaintext);
    let plaintext = secret_bytes(plaintext);
    let (mut seal, mut open, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        seal.push(seal_rate(&ring, &cell, &plaintext).await?);
        open.push(open_rate(&ring, &cell, &plaintext).await?);
        raw.push(raw_rate().map_err(|_| "ring does not open")?);
        println!(
            "round {round}: seal {:.0}/s, open {:.0}/s, ring alone {:.0}/s",
            last(&seal),
            last(&open),
            last(&raw)
        );
    }
    let (seal, open, raw) = (median(seal), median(open), median(raw));
    println!(
        "seal_per_s={seal:.0} open_per_s={open:.0} open_vs_raw={:.3}",
        open / raw
    );
    Ok(())
}

async fn seal_rate(ring: &KeyRing, cell: &Cell, plaintext: &SecretBytes) -> Result<f64, EnvelopeError> {
    let mut meter = Meter::start();
    while meter.goes_on() {
        black_box(ring.seal(cell, black_box(plaintext)).await?);
    }
    Ok(meter.rate())
}

async fn open_rate(ring: &KeyRing, cell: &Cell, plaintext: &SecretBytes) -> Result<f64, EnvelopeError> {
    let sealed = ring.seal(cell, plaintext).await?;
    let mut meter = Meter::start();
    while meter.goes_on() {
        black_box(ring.open(cell, black_box(&sealed)).await?);
    }
    Ok(meter.rate())
}

/// The same work without a format, derivation, commitment or copy: the key object, and `open_in_place`.
fn raw_rate() -> Result<f64, ring::error::Unspecified> {
    let (mut key, mut nonce, aad) = ([0; 32], [0; 12], [0; 108]);
    SystemRandom.fill(&mut key);
    SystemRandom.fill(&mut nonce);
    let cipher = |key: &[u8; 32]| UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new);
    let mut sealed = vec![7; PLAINTEXT];
    cipher(&key)?.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(aad),
        &mut sealed,
    )?;
    let mut bytes = sealed.clone();
    let mut meter = Meter::start();
    while meter.goes_on() {
        bytes.copy_from_slice(&sealed);
        let nonce = Nonce::assume_unique_for_key(nonce);
        black_box(cipher(black_box(&key))?.open_in_place(nonce, Aad::from(aad), &mut bytes)?);
    }
    Ok(meter.rate())
}

/// Counts, and looks at the clock every 256 counts.
struct Meter {
    start: Instant,
    busy: Option<Duration>,
    done: u32,
}

impl Meter {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            busy: busy(),
            done: 0,
        }
    }

    fn goes_on(&mut self) -> bool {
        if self.done.is_multiple_of(256) && self.start.elapsed() >= ROUND {
            return false;
        }
        self.done += 1;
        true
    }

    fn rate(&self) -> f64 {
        let took = match (self.busy, busy()) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            _ => self.start.elapsed(),
        };
        f64::from(self.done) / took.as_secs_f64()
    }
}

/// How long this thread has had a core, where the system says.
fn busy() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace()
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
}

fn last(rates: &[f64]) -> f64 {
    rates.last().copied().unwrap_or(f64::NAN)
}

fn key_ring() -> Result<KeyRing, LocalKeyError> {
    let random = Arc::new(SystemRandom);
    let key = LocalKey::parse(&LocalKey::generate(&*random))?;
    Ok(KeyRing::new(
        Arc::new(LocalKeySource::new(key, random.clone())),
        Arc::new(MemoryDataKeys::default()),
        Arc::new(SystemClock),
        random,
        CachePolicy::STANDARD,
    ))
}

fn cell() -> Cell {
    Cell {
        tenant: TenantId::new(&SystemClock, &SystemRandom),
        table: Table::CredentialSlots,
        row: uuid::Uuid::from_u128(1),
        column: Column::RefreshToken,
        purpose: Purpose::ProviderToken,
        generation: 7,
    }
}

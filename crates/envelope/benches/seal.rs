//! Seal and open by size of the plaintext, with the key at hand.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a benchmark")]

use coffer_core::cell::{Cell, Column, Purpose, Table};
use coffer_core::id::TenantId;
use coffer_core::secret::secret_bytes;
use coffer_core::{SystemClock, SystemRandom};
use coffer_envelope::testing::MemoryDataKeys;
use coffer_envelope::{CachePolicy, KeyRing, LocalKey, LocalKeySource};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::sync::Arc;

fn seal_and_open(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let random = Arc::new(SystemRandom);
    let key = LocalKey::parse(&LocalKey::generate(&*random)).unwrap();
    let ring = KeyRing::new(
        Arc::new(LocalKeySource::new(key, random.clone())),
        Arc::new(MemoryDataKeys::default()),
        Arc::new(SystemClock),
        random,
        CachePolicy::STANDARD,
    );
    let cell = Cell {
        tenant: TenantId::new(&SystemClock, &SystemRandom),
        table: Table::CredentialSlots,
        row: uuid::Uuid::from_u128(1),
        column: Column::RefreshToken,
        purpose: Purpose::ProviderToken,
        generation: 1,
    };
    let mut group = criterion.benchmark_group("envelope");
    for size in [64_usize, 2048, 16 * 1024] {
        let plaintext = secret_bytes(vec![7; size]);
        let sealed = runtime.block_on(ring.seal(&cell, &plaintext)).unwrap();
        group.throughput(Throughput::Bytes(u64::try_from(size).unwrap()));
        group.bench_with_input(BenchmarkId::new("seal", size), &plaintext, |bench, plaintext| {
            bench.iter(|| runtime.block_on(ring.seal(&cell, plaintext)).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("open", size), &sealed, |bench, sealed| {
            bench.iter(|| runtime.block_on(ring.open(&cell, sealed)).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, seal_and_open);
criterion_main!(benches);

//! `cargo +nightly fuzz run open` in `crates/envelope`. The same body runs on fixed inputs in `tests/it/bounded_fuzz.rs`.
#![no_main]

use coffer_envelope::testing::OpenTarget;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

static TARGET: LazyLock<(Runtime, OpenTarget)> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let target = runtime.block_on(OpenTarget::new()).expect("a working key ring");
    (runtime, target)
});

fuzz_target!(|data: &[u8]| {
    let (runtime, target) = &*TARGET;
    runtime.block_on(target.check(data));
});

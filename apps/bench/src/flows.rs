//! Many authorization flows at once.

use crate::api::Took;
use crate::error::{Error, chain, read};
use crate::journey::{Journey, STEPS};
use crate::spread::percentile;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Runs the flows, all begun at once, in turn for the callers in the file.
pub(crate) async fn flows(journey: Journey, keys: &Path, flows: usize) -> Result<String, Error> {
    let keys = read(keys)?;
    let keys: Vec<String> = keys
        .split_whitespace()
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    if keys.is_empty() {
        return Err(Error::Input("the file of keys has none"));
    }
    let began = Instant::now();
    let mut running = JoinSet::new();
    for (number, key) in keys.into_iter().cycle().take(flows).enumerate() {
        let journey = journey.clone();
        running.spawn(async move { journey.run(&key, &format!("user-{number}")).await });
    }
    let (mut failed, mut took) = (0_u32, Vec::new());
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(Ok(arrived)) => took.push(arrived.took),
            Ok(Err(error)) => {
                failed += 1;
                tell(&chain(&error));
            }
            Err(error) => {
                failed += 1;
                tell(&error.to_string());
            }
        }
    }
    let whole = began.elapsed();
    report(failed, whole, &took)
}

fn tell(failure: &str) {
    // Where standard error is closed nobody can be told.
    writeln!(std::io::stderr(), "a flow failed: {failure}").ok();
}

/// A line for each route, and one with the worst of them.
fn report(failed: u32, whole: Duration, took: &[[Took; 5]]) -> Result<String, Error> {
    let mut text = format!("{} flows ended in {:.2} s\n", took.len(), whole.as_secs_f64());
    let (mut worst, mut worst_own) = (0.0_f64, 0.0_f64);
    for (number, step) in STEPS.into_iter().enumerate() {
        let of_step = || took.iter().filter_map(|took| took.get(number));
        let mut user: Vec<Duration> = of_step().map(|took| took.whole).collect();
        let mut own: Vec<Duration> = of_step().filter_map(|took| took.own).collect();
        if own.len() != user.len() {
            return Err(Error::Input(
                "the server does not tell its own time: set COFFER_SERVER_TIMING=true",
            ));
        }
        let mut at = |per_cent| percentile(&mut user, per_cent).unwrap_or(f64::NAN);
        let (p50, p99) = (at(50), at(99));
        let mut own_at = |per_cent| percentile(&mut own, per_cent).unwrap_or(f64::NAN);
        let (own_p50, own_p99) = (own_at(50), own_at(99));
        (worst, worst_own) = (worst.max(p99), worst_own.max(own_p99));
        text.push_str(&format!(
            "{step}: user p50 {p50:.1} ms p99 {p99:.1} ms, own p50 {own_p50:.2} ms p99 {own_p99:.2} ms\n"
        ));
    }
    text.push_str(&format!(
        "failed={failed} own_p99_ms={worst_own:.1} p99_ms={worst:.1}\n"
    ));
    Ok(text)
}

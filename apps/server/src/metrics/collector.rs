//! What the parts count themselves, read when somebody asks.

use crate::compose::Composed;
use coffer_envelope::{FailureReason, KeyRing};
use coffer_store::Store;
use coffer_wallet::Wallet;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Parts {
    wallet: Wallet,
    keys: KeyRing,
    store: Arc<Store>,
}

impl Parts {
    pub(super) fn of(composed: &Composed) -> Self {
        Self {
            wallet: composed.wallet.clone(),
            keys: composed.keys.clone(),
            store: composed.store.clone(),
        }
    }
}

impl Collector for Parts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let running = u64::try_from(self.wallet.running()).unwrap_or(u64::MAX);
        ConstGauge::new(running).encode(encoder.encode_descriptor(
            "wallet_tasks_running",
            "Refreshes, exchanges and revocations under way",
            None,
            MetricType::Gauge,
        )?)?;
        self.refusals(&mut encoder)?;
        self.refreshes(&mut encoder)?;
        self.transactions(&mut encoder)
    }
}

impl Parts {
    fn refusals(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counts = self.keys.failures();
        let mut metric = encoder.encode_descriptor(
            "envelope_refusals",
            "Sealed values or keys that were refused",
            None,
            MetricType::Counter,
        )?;
        for reason in FailureReason::ALL {
            let labels = [("reason", reason.as_str())];
            ConstCounter::new(counts.of(*reason)).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn refreshes(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let all = self.wallet.refresh_stats();
        let mut count = encoder.encode_descriptor(
            "refreshes",
            "Refresh attempts that ended, by provider and outcome",
            None,
            MetricType::Counter,
        )?;
        for (provider, stats) in &all {
            for (outcome, number) in &stats.outcomes {
                let labels = [("provider", provider.as_str()), ("outcome", *outcome)];
                ConstCounter::new(*number).encode(count.encode_family(&labels)?)?;
            }
        }
        let mut age = encoder.encode_descriptor(
            "refresh_age_seconds",
            "Time since the last refresh that succeeded, by provider",
            None,
            MetricType::Gauge,
        )?;
        for (provider, stats) in &all {
            if let Some(since) = stats.age {
                let labels = [("provider", provider.as_str())];
                ConstGauge::new(since.as_secs_f64()).encode(age.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn transactions(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let all = self.store.transactions();
        let mut count = encoder.encode_descriptor(
            "store_transactions",
            "Transactions, by name and outcome",
            None,
            MetricType::Counter,
        )?;
        for (name, stats) in &all {
            for (outcome, number) in [("completed", stats.completed), ("failed", stats.failed)] {
                let labels = [("name", *name), ("outcome", outcome)];
                ConstCounter::new(number).encode(count.encode_family(&labels)?)?;
            }
        }
        let mut seconds = encoder.encode_descriptor(
            "store_transaction_seconds",
            "Time that transactions took, waiting for a connection included",
            None,
            MetricType::Counter,
        )?;
        for (name, stats) in &all {
            let labels = [("name", *name)];
            ConstCounter::new(stats.total.as_secs_f64()).encode(seconds.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

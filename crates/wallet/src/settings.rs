//! The times of the refresh protocol (docs/refresh.md), validated together.

use std::time::Duration;

/// How long things may take. [`Settings::default`] is for production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// One whole exchange with a provider, from name resolution to the last byte.
    pub exchange: Duration,
    /// One commit.
    pub commit: Duration,
    /// What is left over between the two and the end of the lease.
    pub margin: Duration,
    /// How long a lease runs, by the database's clock. A dead holder is replaced after that.
    pub lease: Duration,
    /// How long a caller waits for a refresh before it is told to come back.
    pub caller_wait: Duration,
    /// The remaining life that a token must have when a caller asks for none.
    pub min_ttl: Duration,
    /// How long a connect session can be opened.
    pub session: Duration,
    /// How long a flow may take, from the redirect to the callback (OA-C05: 10 minutes at most).
    pub flow: Duration,
    /// How long a one-time result can be redeemed.
    pub result: Duration,
    /// The first step of the back-off after a failure; it doubles with each one.
    pub backoff_base: Duration,
    /// The longest back-off.
    pub backoff_cap: Duration,
    /// How many failures in a row make `backing_off` into `provider_unavailable`.
    pub failures_before_unavailable: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            exchange: Duration::from_secs(8),
            commit: Duration::from_secs(3),
            margin: Duration::from_secs(1),
            lease: Duration::from_secs(12),
            caller_wait: Duration::from_secs(10),
            min_ttl: Duration::from_secs(60),
            session: Duration::from_secs(10 * 60),
            flow: Duration::from_secs(10 * 60),
            result: Duration::from_secs(5 * 60),
            backoff_base: Duration::from_secs(2),
            backoff_cap: Duration::from_secs(15 * 60),
            failures_before_unavailable: 5,
        }
    }
}

impl Settings {
    /// Checks that the times fit together.
    ///
    /// # Errors
    /// [`SettingsError`], which names the rule that is broken.
    pub fn validate(self) -> Result<Self, SettingsError> {
        if self.lease
            < self
                .exchange
                .saturating_add(self.commit)
                .saturating_add(self.margin)
        {
            return Err(SettingsError::LeaseTooShort);
        }
        if self.flow > Duration::from_secs(600) || self.session > Duration::from_secs(3600) {
            return Err(SettingsError::FlowTooLong);
        }
        let times = [
            self.exchange,
            self.commit,
            self.lease,
            self.caller_wait,
            self.session,
            self.flow,
            self.result,
        ];
        if times.iter().any(Duration::is_zero) || self.backoff_base.is_zero() {
            return Err(SettingsError::Zero);
        }
        Ok(self)
    }
}

/// Times that do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A lease that ends before its holder is done lets two replicas use one token.
    #[error(
        "the lease must be at least exchange + commit + margin; make the lease longer, or the others shorter"
    )]
    LeaseTooShort,
    /// Flows and sessions are short by design.
    #[error(
        "a flow may take 10 minutes at most (OA-C05), and a connect session may stay open for an hour at most"
    )]
    FlowTooLong,
    /// Nothing takes no time.
    #[error("a time is zero; give each at least one millisecond")]
    Zero,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_together() {
        assert_eq!(Settings::default().validate(), Ok(Settings::default()));
    }

    #[test]
    fn a_lease_shorter_than_its_work_is_refused() {
        let short = Settings {
            lease: Duration::from_millis(11_999),
            ..Settings::default()
        };
        assert_eq!(short.validate(), Err(SettingsError::LeaseTooShort));
    }

    #[test]
    fn oa_c05_a_flow_longer_than_ten_minutes_is_refused() {
        let long = Settings {
            flow: Duration::from_secs(601),
            ..Settings::default()
        };
        assert_eq!(long.validate(), Err(SettingsError::FlowTooLong));
    }
}

use super::{Fault, FaultRule, When};
use crate::model::endpoint::Endpoint;
use serde::{Deserialize, Serialize};

/// The rules that are set, oldest first. The first that strikes wins; one that is used up is forgotten.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FaultPlan {
    last: u64,
    rules: Vec<(u64, FaultRule)>,
}

impl FaultPlan {
    pub(crate) fn add(&mut self, rule: FaultRule) -> u64 {
        self.last = self.last.saturating_add(1);
        self.rules.push((self.last, rule));
        self.last
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|(other, _)| *other != id);
        self.rules.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn rules(&self) -> &[(u64, FaultRule)] {
        &self.rules
    }

    /// The fault that strikes a request, if one does.
    pub(crate) fn strike(
        &mut self,
        client: Option<&str>,
        endpoint: Endpoint,
        grant: Option<u64>,
    ) -> Option<Fault> {
        let struck = self
            .rules
            .iter_mut()
            .filter(|(_, rule)| rule.client_id.is_none() || rule.client_id.as_deref() == client)
            .filter(|(_, rule)| rule.endpoint.is_none_or(|only| only == endpoint))
            .filter(|(_, rule)| rule.grant.is_none() || rule.grant == grant)
            .find_map(|(_, rule)| rule.when.strikes().then_some(rule.fault));
        self.rules
            .retain(|(_, rule)| !matches!(rule.when, When::Next { count: 0, .. }));
        struck
    }
}

impl When {
    fn strikes(&mut self) -> bool {
        match self {
            Self::Always => true,
            Self::Next { skip, .. } if *skip > 0 => {
                *skip = skip.saturating_sub(1);
                false
            }
            Self::Next { count, .. } => {
                let strikes = *count > 0;
                *count = count.saturating_sub(1);
                strikes
            }
            Self::Chance { per_million, seed } => {
                // SplitMix64: the seed itself moves on, so that a saved rule continues where it was.
                *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                (mixed ^ (mixed >> 31)) % 1_000_000 < u64::from(*per_million)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Effect;
    use super::*;

    fn rule(when: When) -> FaultRule {
        FaultRule {
            client_id: Some("c".into()),
            endpoint: Some(Endpoint::Refresh),
            grant: None,
            when,
            fault: Fault {
                commits: true,
                effect: Effect::Drop,
            },
        }
    }

    #[test]
    fn a_rule_strikes_the_next_ones_and_is_forgotten() {
        let mut plan = FaultPlan::default();
        plan.add(rule(When::Next { count: 2, skip: 1 }));
        let mut strike = |client, endpoint| plan.strike(Some(client), endpoint, None).is_some();
        assert!(!strike("c", Endpoint::Refresh), "skipped");
        assert!(!strike("d", Endpoint::Refresh), "another client");
        assert!(!strike("c", Endpoint::Code), "another endpoint");
        assert!(strike("c", Endpoint::Refresh));
        assert!(strike("c", Endpoint::Refresh));
        assert!(!strike("c", Endpoint::Refresh));
        assert!(plan.rules().is_empty());
    }

    #[test]
    fn chance_follows_its_seed() {
        let run = |seed| {
            let mut plan = FaultPlan::default();
            plan.add(rule(When::Chance {
                per_million: 300_000,
                seed,
            }));
            (0..1000)
                .map(|_| plan.strike(Some("c"), Endpoint::Refresh, None).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let struck = run(7).into_iter().filter(|hit| *hit).count();
        assert!((230..370).contains(&struck), "{struck}");
    }
}

//! What holds for each class, whatever a client does in whatever order.

use crate::model::{Model, text};
use coffer_core::rotation::RotationClass;
use coffer_simulator::model::{Behaviour, LiveTokens, Verdict};
use proptest::prelude::*;
use std::time::Duration;

#[derive(Debug, Clone)]
enum Step {
    /// Presents one of the refresh tokens that were ever issued.
    Refresh(prop::sample::Index),
    /// Uses one of the access tokens that were ever issued.
    Use(prop::sample::Index),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<prop::sample::Index>().prop_map(Step::Refresh),
        2 => any::<prop::sample::Index>().prop_map(Step::Use),
        1 => (0_u64..40).prop_map(Step::Wait),
    ]
}

/// Runs the steps; after each, gives what lives, by generation, with the number of tokens issued so far.
fn run(class: RotationClass, steps: &[Step], mut check: impl FnMut(&LiveTokens, usize)) -> Model {
    let mut model = Model::new(Behaviour::of_class(class));
    let first = model.connected();
    let mut refresh = vec![text(&first, "refresh_token").to_owned()];
    let mut access = vec![text(&first, "access_token").to_owned()];
    for step in steps {
        match step {
            Step::Refresh(which) => {
                let (status, body) = model.refresh(&refresh[which.index(refresh.len())]);
                assert!(status == 200 || body["error"] == "invalid_grant");
                if status == 200 {
                    access.push(text(&body, "access_token").to_owned());
                    refresh.extend(body["refresh_token"].as_str().map(str::to_owned));
                }
            }
            Step::Use(which) => drop(model.me(&access[which.index(access.len())])),
            Step::Wait(secs) => model.now = model.now.plus(Duration::from_secs(*secs)),
        }
        let view = model
            .provider
            .with(|provider| provider.grant(1, model.now))
            .unwrap();
        check(&view.live, refresh.len());
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn r4_and_r5_never_have_two_live_refresh_tokens(steps in prop::collection::vec(step(), 1..40)) {
        for class in [RotationClass::SingleUse, RotationClass::SingleUseFamily] {
            run(class, &steps, |live, issued| {
                assert!(live.refresh.len() <= 1, "{class:?}");
                assert!(live.refresh.iter().all(|newest| usize::try_from(*newest).unwrap() == issued));
            });
        }
    }

    #[test]
    fn r5_lives_until_the_first_reuse_and_never_after(steps in prop::collection::vec(step(), 1..40)) {
        let model = run(RotationClass::SingleUseFamily, &steps, |live, _| {
            assert_eq!(live.refresh.is_empty(), live.access.is_empty(), "the family lives and dies as one");
        });
        model.provider.with(|provider| {
            let reused = |verdict| verdict == Verdict::Reused { family_revoked: true };
            let reuses = provider.ledger().entries().filter(|entry| reused(entry.verdict)).count();
            let dead = provider.grant(1, model.now).unwrap().live.refresh.is_empty();
            assert_eq!(reuses, usize::from(dead), "it is revoked once, and for nothing else");
            let after = provider.ledger().entries().skip_while(|entry| !reused(entry.verdict));
            assert!(after.filter(|entry| entry.verdict == Verdict::Issued).count() == 0);
        });
    }

    #[test]
    fn the_newest_token_of_r0_to_r4_always_lives(steps in prop::collection::vec(step(), 1..40)) {
        for class in RotationClass::ALL.into_iter().filter(|class| *class != RotationClass::SingleUseFamily) {
            run(class, &steps, |live, issued| {
                let newest = live.refresh.last().copied().unwrap_or(0);
                assert_eq!(usize::try_from(newest).unwrap(), issued, "{class:?}");
            });
        }
    }

    #[test]
    fn the_totals_agree_with_the_entries(steps in prop::collection::vec(step(), 1..40)) {
        let model = run(RotationClass::SingleUse, &steps, |_, _| {});
        model.provider.with(|provider| {
            let ledger = provider.ledger();
            let count = |wanted: fn(&Verdict) -> bool| {
                u64::try_from(ledger.entries().filter(|entry| wanted(&entry.verdict)).count()).unwrap()
            };
            let totals = ledger.totals();
            assert_eq!(totals.exchanges + totals.refreshes, count(|verdict| *verdict == Verdict::Issued));
            assert_eq!(totals.reuses, count(|verdict| matches!(verdict, Verdict::Reused { .. })));
            assert_eq!(totals.requests.values().sum::<u64>() + 1, ledger.next_sequence());
        });
    }
}

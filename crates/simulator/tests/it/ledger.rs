//! The ledger is exact.

use crate::model::{Model, text};
use coffer_core::rotation::RotationClass;
use coffer_simulator::model::{Behaviour, Endpoint, Limits, Request, TokenPrint, Verdict};

#[test]
fn the_ledger_has_each_request_with_what_it_presented_and_got() {
    let model = Model::new(Behaviour::of_class(RotationClass::SingleUseFamily));
    let first = model.connected();
    let old = text(&first, "refresh_token");
    let second = model.refresh(old).1;
    model.refresh(old);
    model.provider.with(|provider| {
        let entries = provider.ledger().entries().collect::<Vec<_>>();
        let rows = entries
            .iter()
            .map(|entry| {
                (
                    entry.sequence,
                    entry.endpoint,
                    entry.verdict,
                    entry.presented_generation,
                    entry.issued_generation,
                )
            })
            .collect::<Vec<_>>();
        let reused = Verdict::Reused { family_revoked: true };
        assert_eq!(
            rows,
            [
                (1, Endpoint::Consent, Verdict::Consented, None, None),
                (2, Endpoint::Code, Verdict::Issued, None, Some(1)),
                (3, Endpoint::Refresh, Verdict::Issued, Some(1), Some(2)),
                (4, Endpoint::Refresh, reused, Some(1), None),
            ]
        );
        assert_eq!(entries[1].issued, Some(TokenPrint::of(old)));
        assert_eq!(entries[2].presented, Some(TokenPrint::of(old)));
        assert_eq!(
            entries[2].issued,
            Some(TokenPrint::of(text(&second, "refresh_token")))
        );
        assert!(entries[1..].iter().all(|entry| entry.grant == Some(1)));
        assert!(entries.iter().all(|entry| entry.delivered == Some(true)));
        assert!(
            entries
                .iter()
                .all(|entry| entry.client_id.as_deref() == Some("app"))
        );
        assert_eq!(provider.ledger().in_flight(), 0);
        assert_eq!(provider.ledger().after(2).count(), 2);
    });
}

#[test]
fn an_open_refresh_overlaps_the_next_one_and_a_closed_one_does_not() {
    let model = Model::new(Behaviour::of_class(RotationClass::Static));
    let tokens = model.connected();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("client_id", "app"),
        ("client_secret", "s3cret"),
    ];
    let request = || Request::post("/token", form);
    model.provider.with(|provider| {
        let at = model.at();
        let first = provider.arrive(request(), at.now);
        let second = provider.arrive(request(), at.now);
        let overlap = |sequence| provider.ledger().entry(sequence).unwrap().overlaps;
        assert_eq!(
            (overlap(first.sequence), overlap(second.sequence)),
            (None, Some(first.sequence))
        );
        let (first, second) = (provider.process(first, at), provider.process(second, at));
        provider.close(first.sequence, true, at.now);
        assert_eq!(provider.ledger().in_flight(), 1);
        provider.close(second.sequence, false, at.now);
        provider.close(second.sequence, true, at.now);
        assert_eq!(
            provider.ledger().entry(second.sequence).unwrap().delivered,
            Some(false)
        );
        let third = provider.arrive(request(), at.now);
        assert_eq!(provider.ledger().entry(third.sequence).unwrap().overlaps, None);
        assert_eq!(provider.ledger().totals().overlaps, 1);
        assert_eq!(provider.ledger().totals().undelivered, 1);
    });
}

#[test]
fn the_ledger_forgets_the_oldest_and_counts_on() {
    let model = Model::new(Behaviour::default());
    model.provider.with(|provider| {
        provider.set_limits(Limits {
            ledger: 3,
            ..Limits::default()
        });
        for _ in 0..10 {
            provider.handle(Request::get("/jwks.json", ""), model.at());
        }
        let kept = provider
            .ledger()
            .entries()
            .map(|entry| entry.sequence)
            .collect::<Vec<_>>();
        assert_eq!(kept, [8, 9, 10]);
        assert!(provider.ledger().entry(7).is_none());
        let forgotten = provider.arrive(Request::get("/jwks.json", ""), model.now);
        for _ in 0..3 {
            provider.handle(Request::get("/jwks.json", ""), model.at());
        }
        let outcome = provider.process(forgotten, model.at());
        provider.close(outcome.sequence, true, model.now);
        provider.close(outcome.sequence, false, model.now);
        assert_eq!(
            provider.ledger().totals().undelivered,
            0,
            "closed once, forgotten or not"
        );
        assert_eq!(provider.ledger().after(3).count(), 3);
        assert_eq!(provider.ledger().totals().requests[&Endpoint::Jwks], 14);
    });
}

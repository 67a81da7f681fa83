use super::*;
use crate::model::token::TokenHash;
use Presented::{Accepted, Expired, Reused, Unknown};
use RotationClass::{Grace, Overlapping, RetireOnProof, SingleUse, SingleUseFamily, Static};

const REFUSED: Presented = Reused { revoked: false };
const REVOKED: Presented = Reused { revoked: true };

/// A grant whose every refresh token and access token is known by its generation.
struct Case {
    grant: Grant,
    rules: Behaviour,
    now: Timestamp,
}

fn refresh(generation: u32) -> TokenHash {
    TokenHash::of(&format!("refresh {generation}"))
}

fn access(generation: u32) -> TokenHash {
    TokenHash::of(&format!("access {generation}"))
}

impl Case {
    fn new(rotation: RotationClass) -> Self {
        Self::with(Behaviour {
            grace_secs: 30,
            ..Behaviour::of_class(rotation)
        })
    }

    fn with(rules: Behaviour) -> Self {
        let now = Timestamp::from_unix_secs(1_800_000_000);
        let mut case = Self {
            grant: Grant::new(1, "c", "s", Vec::new(), now),
            rules,
            now,
        };
        case.issue();
        case
    }

    fn issue(&mut self) {
        let next = self.grant.generation + 1;
        self.grant.add_refresh(refresh(next), self.now, 64);
        self.grant.add_access(access(next), &self.rules, self.now, 64);
    }

    /// Presents the token of a generation; issues the next where it is accepted.
    fn refresh(&mut self, generation: u32) -> Presented {
        let presented = self.grant.present(refresh(generation), &self.rules, self.now);
        if presented == Accepted && self.rules.rotation != Static {
            self.issue();
        }
        presented
    }

    fn use_access(&mut self, generation: u32) -> bool {
        self.grant.use_access(access(generation), &self.rules, self.now)
    }

    fn wait(&mut self, secs: u64) {
        self.now = self.now.plus(Duration::from_secs(secs));
    }

    fn live(&self) -> Vec<u32> {
        self.grant.live_refresh(&self.rules, self.now)
    }
}

#[test]
fn every_class_does_what_its_row_says() {
    // What the first token gives when it is used a second time at once, and then a minute later; and what lives then.
    let rows: [(RotationClass, Presented, Presented, &[u32]); 6] = [
        (Static, Accepted, Accepted, &[1]),
        (Overlapping, Accepted, Accepted, &[1, 2, 3, 4]),
        (Grace, Accepted, REFUSED, &[2, 3]),
        (RetireOnProof, Accepted, Accepted, &[1, 2, 3, 4]),
        (SingleUse, REFUSED, REFUSED, &[2]),
        (SingleUseFamily, REVOKED, Unknown, &[]),
    ];
    for (class, second, third, live) in rows {
        let mut case = Case::new(class);
        assert_eq!(case.refresh(1), Accepted, "{class:?}");
        assert_eq!(case.refresh(1), second, "{class:?}");
        case.wait(60);
        assert_eq!(case.refresh(1), third, "{class:?}");
        assert_eq!(case.live(), live, "{class:?}");
    }
}

#[test]
fn grace_ends_exactly_when_it_is_over_and_counts_from_the_first_use() {
    let mut case = Case::new(Grace);
    case.wait(1000);
    assert_eq!(case.refresh(1), Accepted);
    case.wait(20);
    assert_eq!(case.refresh(1), Accepted, "a retry does not prolong it");
    case.now = case.now.plus(Duration::from_micros(9_999_999));
    assert_eq!(case.refresh(1), Accepted);
    case.now = case.now.plus(Duration::from_micros(1));
    assert_eq!(case.refresh(1), REFUSED);
    assert_eq!(case.live(), [2, 3, 4], "the family lives");
}

#[test]
fn late_reuse_revokes_where_the_provider_is_so() {
    let mut case = Case::with(Behaviour {
        grace_secs: 30,
        late_reuse_revokes: true,
        ..Behaviour::of_class(Grace)
    });
    case.refresh(1);
    case.wait(30);
    assert_eq!(case.refresh(1), REVOKED);
    assert_eq!(case.live(), [0; 0]);
    assert!(!case.use_access(2));
}

#[test]
fn a_token_is_retired_by_the_first_use_of_the_next_access_token() {
    let mut case = Case::new(RetireOnProof);
    case.refresh(1);
    assert!(case.use_access(1), "the pair before proves nothing");
    assert_eq!(case.refresh(1), Accepted, "the lost reply is tried again");
    assert!(case.use_access(3));
    assert_eq!(case.live(), [3]);
    assert_eq!(case.refresh(1), REFUSED);
    assert_eq!(
        case.refresh(2),
        REFUSED,
        "the pair of the lost reply went with it"
    );
    assert_eq!(case.refresh(3), Accepted, "the family lives");
}

#[test]
fn a_token_is_retired_by_the_first_use_of_the_next_refresh_token() {
    let mut case = Case::new(RetireOnProof);
    case.refresh(1);
    assert_eq!(case.refresh(2), Accepted);
    assert_eq!(case.live(), [2, 3]);
    assert_eq!(case.refresh(1), REFUSED);
}

#[test]
fn reuse_in_r5_kills_access_tokens_and_in_r4_does_not() {
    for (class, works) in [(SingleUse, true), (SingleUseFamily, false)] {
        let mut case = Case::new(class);
        case.refresh(1);
        case.refresh(1);
        assert_eq!(case.use_access(2), works, "{class:?}");
    }
}

#[test]
fn a_refresh_kills_older_access_tokens_only_where_the_provider_is_so() {
    for kills in [false, true] {
        let mut case = Case::with(Behaviour {
            refresh_kills_access: kills,
            ..Behaviour::of_class(SingleUse)
        });
        case.refresh(1);
        assert_eq!(case.use_access(1), !kills);
        assert!(case.use_access(2));
    }
}

#[test]
fn idle_and_absolute_lifetimes_end_a_token() {
    let mut idle = Case::with(Behaviour {
        refresh_idle_secs: Some(100),
        ..Behaviour::of_class(Static)
    });
    for _ in 0..3 {
        idle.wait(99);
        assert_eq!(idle.refresh(1), Accepted, "each use starts it anew");
    }
    idle.wait(100);
    assert_eq!(idle.refresh(1), Expired);
    let mut absolute = Case::with(Behaviour {
        refresh_absolute_secs: Some(100),
        ..Behaviour::of_class(SingleUseFamily)
    });
    absolute.wait(99);
    assert_eq!(absolute.refresh(1), Accepted);
    absolute.wait(1);
    assert_eq!(absolute.refresh(2), Expired);
    assert_eq!(absolute.refresh(1), REVOKED, "reuse is noticed all the same");
}

#[test]
fn access_tokens_expire_on_the_second() {
    let mut case = Case::new(SingleUse);
    case.wait(3599);
    assert!(case.use_access(1));
    case.wait(1);
    assert!(!case.use_access(1));
}

#[test]
fn the_oldest_tokens_are_forgotten_beyond_the_limit() {
    let mut case = Case::new(Overlapping);
    let now = case.now;
    for generation in 2..=10 {
        case.grant.add_refresh(refresh(generation), now, 4);
    }
    assert_eq!(case.live(), [7, 8, 9, 10]);
    assert_eq!(case.refresh(6), Unknown);
}

//! Long random sequences with faults everywhere, held against the provider's ledger (docs/refresh.md, INV2 to INV8). A
//! failure names its seed and step, and the seed replays it.

use crate::world::{World, count};
use coffer_core::Clock;
use coffer_core::SecureRandom;
use coffer_core::connection::{Attempt, AttemptKind, AttemptOutcome, ConnectionState, Revocation};
use coffer_core::id::ConnectionId;
use coffer_core::rotation::RotationClass;
use coffer_core::testing::{FakeRandom, Fault, Method};
use coffer_simulator::model::{Effect, Endpoint};
use coffer_wallet::Wallet;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const ACCOUNTS: [&str; 3] = ["alice", "bob", "carol"];
const STEPS: usize = 120;

struct Run {
    case: String,
    world: World,
    servers: [Wallet; 2],
    dice: FakeRandom,
    connections: BTreeMap<&'static str, ConnectionId>,
    generations: BTreeMap<ConnectionId, u64>,
    /// Grants that a later consent of the same account has replaced: nobody here has their tokens any more.
    replaced: BTreeSet<u64>,
}

impl Run {
    async fn new(class: RotationClass, seed: u64) -> Self {
        let world = World::of_class(class).await;
        let servers = [world.wallet.clone(), world.replica()];
        Self {
            case: format!("{class:?} seed {seed}"),
            world,
            servers,
            dice: FakeRandom::seeded(seed),
            connections: BTreeMap::new(),
            generations: BTreeMap::new(),
            replaced: BTreeSet::new(),
        }
    }

    fn roll(&self, sides: u64) -> u64 {
        let mut bytes = [0; 8];
        self.dice.fill(&mut bytes);
        u64::from_le_bytes(bytes) % sides
    }

    fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[usize::try_from(self.roll(count(from.len()))).unwrap()]
    }

    async fn step(&mut self) {
        self.world.clock.advance(Duration::from_millis(2));
        let account = self.pick(&ACCOUNTS);
        let server = self.servers[usize::try_from(self.roll(2)).unwrap()].clone();
        let Some(id) = self.connections.get(account).copied() else {
            return self.connect(account).await;
        };
        match self.roll(20) {
            0..=5 => self.read(&server, id).await,
            6 => drop(server.refresh(&self.world.caller, &self.world.asker(), id).await),
            7 => self.read_on_both(id).await,
            8 => {
                let patience = Duration::from_millis(self.roll(3000));
                drop(tokio::time::timeout(patience, self.world.token_of(&server, id)).await);
            }
            9..=11 => self.world.pass(self.pick(&[1, 5, 9, 12, 60, 600])),
            12 | 13 => self.world.expire(),
            14 | 15 => self.break_provider(),
            16 | 17 => self.break_store(),
            18 => self.disconnect(&server, id).await,
            _ => self.connect(account).await,
        }
    }

    fn break_provider(&self) {
        let effect = self.pick(&[
            Effect::Drop,
            Effect::Truncate,
            Effect::Garbage,
            Effect::Html { status: 502 },
            Effect::Status {
                status: 429,
                retry_after: None,
            },
            Effect::Late { ms: 3000 },
            Effect::Late { ms: 20_000 },
            Effect::Empty { status: 200 },
        ]);
        let endpoint = self.pick(&[Endpoint::Refresh, Endpoint::Refresh, Endpoint::Revoke]);
        self.world.strike(endpoint, self.roll(2) == 0, effect, 1);
    }

    fn break_store(&self) {
        let method = self.pick(&[
            Method::Lease,
            Method::Release,
            Method::Intend,
            Method::CommitRefresh,
            Method::Fail,
            Method::ReadTokenView,
            Method::Disconnect,
            Method::EndRevoke,
            Method::LeaseForRevoke,
            Method::BlockIntegration,
        ]);
        let fault = self.pick(&[Fault::Unavailable, Fault::CommitUnknown]);
        let times = usize::try_from(1 + self.roll(3)).unwrap();
        self.world.store.fail_next(method, fault, times);
    }

    fn mend(&self) {
        self.world.store.mend();
        self.world.provider.with(|provider| provider.clear_faults());
    }

    async fn connect(&mut self, account: &'static str) {
        self.mend();
        let before = count(self.world.grants().len());
        let known = self.world.grants();
        let connected = self.world.connect_as(account, |_| {}).await.unwrap();
        assert_eq!(count(self.world.grants().len()), before + 1);
        let replaced = known.iter().filter(|grant| grant.sub == format!("sim-{account}"));
        self.replaced.extend(replaced.map(|grant| grant.id));
        let earlier = self.connections.insert(account, connected.id);
        assert!(
            earlier.is_none_or(|earlier| earlier == connected.id),
            "{}: the same account keeps its id",
            self.case
        );
    }

    async fn read(&self, server: &Wallet, id: ConnectionId) {
        if let Ok(token) = self.world.token_of(server, id).await {
            let now = self.world.clock.now();
            assert!(
                token.expires_at.is_none_or(|end| now < end),
                "w5 {}: an expired token was served",
                self.case
            );
            self.world.store.mend();
            let status = self.world.status(id).await;
            assert_ne!(status.state, ConnectionState::Revoked, "inv5 {}", self.case);
            assert!(token.generation <= status.generation, "inv6 {}", self.case);
        }
    }

    async fn read_on_both(&self, id: ConnectionId) {
        let (one, two) = tokio::join!(
            self.world.token_of(&self.servers[0], id),
            self.world.token_of(&self.servers[1], id)
        );
        drop((one, two));
    }

    async fn disconnect(&self, server: &Wallet, id: ConnectionId) {
        let (world, by) = (&self.world, self.world.asker());
        let (ended, _) = tokio::join!(
            server.disconnect(&world.caller, &by, id),
            world.token_of(&self.servers[0], id)
        );
        if ended.is_ok() {
            for server in &self.servers {
                assert!(
                    world.token_of(server, id).await.is_err(),
                    "inv5 {}: served after it was disconnected",
                    self.case
                );
            }
        }
    }

    async fn attempts(&self) -> Vec<Attempt> {
        let mut all = Vec::new();
        for id in self.connections.values() {
            all.extend(self.world.attempts(*id, AttemptKind::Refresh).await);
        }
        all
    }

    /// What must hold after every step.
    async fn check(&mut self) {
        self.world.store.mend();
        for id in self.connections.values() {
            let generation = self.world.status(*id).await.generation;
            let before = self.generations.insert(*id, generation).unwrap_or(0);
            assert!(generation >= before, "inv3 {}", self.case);
        }
        let attempts = self.attempts().await;
        let unclear = attempts
            .iter()
            .filter(|attempt| matches!(attempt.outcome, None | Some(AttemptOutcome::Ambiguous)));
        let unclear = count(unclear.count());
        let totals = self.world.totals();
        // A request may still be at the provider when the next one comes only where its own outcome is not known.
        let left_behind: BTreeSet<u64> = self.world.provider.with(|provider| {
            let entries = provider.ledger().entries();
            entries.filter_map(|entry| entry.overlaps).collect()
        });
        assert!(count(left_behind.len()) <= unclear, "inv2 {}", self.case);
        assert!(totals.reuses <= unclear, "inv4 {}", self.case);
        assert!(
            self.world.refreshes() <= count(attempts.len()),
            "inv8 {}: a request without an intent",
            self.case
        );
    }

    /// The faults stop; everything is disconnected; what is left must add up.
    async fn settle(&mut self) {
        self.mend();
        tokio::time::sleep(Duration::from_secs(120)).await;
        self.world.pass(2 * 86_400);
        for id in self.connections.values().copied().collect::<Vec<_>>() {
            let answer = self.world.token(id).await;
            let state = self.world.status(id).await.state;
            let parked = matches!(
                state,
                ConnectionState::ConsentRequired | ConnectionState::Quarantined | ConnectionState::Revoked
            );
            assert_eq!(
                answer.is_err(),
                parked,
                "inv7 {}: {state:?} {answer:?}",
                self.case
            );
            self.world.disconnect(id).await.unwrap();
            let revocation = self.world.status(id).await.revocation;
            assert_eq!(revocation, Revocation::Done, "inv5 {}", self.case);
        }
        for grant in self.world.grants() {
            let is_dead = grant.live.refresh.is_empty() && grant.live.access.is_empty();
            assert!(
                is_dead || self.replaced.contains(&grant.id),
                "inv5 {}: {grant:?} is alive",
                self.case
            );
        }
        let attempts = self.attempts().await;
        assert!(
            attempts.iter().all(|attempt| attempt.outcome.is_some()),
            "inv8 {}",
            self.case
        );
        let sent = attempts.iter().filter(|attempt| {
            let reason = attempt.reason.as_ref();
            !reason.is_some_and(|reason| reason.message.starts_with("Nothing was sent"))
        });
        assert_eq!(count(sent.count()), self.world.refreshes(), "inv8 {}", self.case);
    }
}

async fn run(class: RotationClass, seed: u64) {
    let mut run = Run::new(class, seed).await;
    let name = run.case.clone();
    for step in 0..STEPS {
        run.case = format!("{name} step {step}");
        run.step().await;
        run.check().await;
    }
    run.settle().await;
}

#[tokio::test(start_paused = true)]
async fn inv2_inv3_inv5_inv6_inv8_hold_in_random_sequences_with_faults() {
    for class in RotationClass::ALL {
        for seed in 0..4 {
            run(class, seed).await;
        }
    }
}

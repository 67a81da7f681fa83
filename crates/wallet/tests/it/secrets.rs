//! No secret in the audit log, in what is logged, or in `Debug` (THR-63, T1), and an audit row for every change.

use crate::world::{SECRET, World, asker, everything, operator, param, values};
use coffer_core::audit::AuditVerb;
use coffer_core::id::TenantId;
use coffer_core::page::PageRequest;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::secret_bytes;
use coffer_simulator::model::{Effect, Endpoint};
use coffer_wallet::{Idempotent, NewCaller};
use std::fmt::Debug;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::filter::LevelFilter;

/// What every secret of these tests begins with: the simulator's codes and tokens, our bearer secrets, the client's.
const CANARIES: [&str; 9] = [
    "simac_", "simat_", "simrt_", "cfr_", "cfs_", "cfx_", "cft_", "cfb_", SECRET,
];

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Output {
    fn note(&mut self, value: &impl Debug) {
        writeln!(self, "{value:?}").unwrap();
        writeln!(self, "{value:#?}").unwrap();
    }

    fn error(&mut self, error: &impl std::error::Error) {
        self.note(error);
        let mut next: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = next {
            writeln!(self, "{error}").unwrap();
            next = error.source();
        }
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn assert_clean(text: &str, known: &[String]) {
    let secrets = CANARIES.iter().copied().chain(known.iter().map(String::as_str));
    for secret in secrets {
        if let Some(at) = text.find(secret) {
            let from = text[..at].rfind('\n').unwrap_or(0);
            let upto = text[at..].find('\n').map_or(text.len(), |end| at + end);
            panic!("{secret} in: {}", &text[from..upto]);
        }
    }
}

/// A flow with everything looked at on its way.
async fn flow(world: &World, out: &mut Output, known: &mut Vec<String>) -> coffer_core::id::ConnectionId {
    let made = world.session(|_| {}).await;
    out.note(&made);
    let departure = world.open(&made).await.unwrap();
    out.note(&departure);
    for name in ["state", "nonce", "code_challenge"] {
        known.extend(param(&departure.authorize_url, name));
    }
    let callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
    out.error(&world.open(&made).await.unwrap_err());
    let arrival = world.come_back(&callback, &departure).await.unwrap();
    out.note(&arrival);
    out.error(&world.come_back(&callback, &departure).await.unwrap_err());
    let result = crate::world::result_of(&arrival);
    let connected = world.wallet.redeem(&world.asker(), &result).await.unwrap();
    out.note(&connected);
    out.note(&world.wallet.redeem(&world.asker(), &result).await.unwrap());
    connected.id
}

/// Refreshes that fail in every way.
async fn failures(world: &World, out: &mut Output, id: coffer_core::id::ConnectionId) {
    for effect in [
        Effect::Drop,
        Effect::Garbage,
        Effect::Html { status: 200 },
        Effect::Redirect,
        Effect::Truncate,
        Effect::HugeBody { bytes: 1 << 30 },
        Effect::Status {
            status: 429,
            retry_after: None,
        },
    ] {
        world.expire();
        world.strike(Endpoint::Refresh, true, effect, 2);
        if let Err(error) = world.token(id).await {
            out.error(&error);
        }
        world.provider.with(|provider| provider.clear_faults());
        world.expire();
        out.note(&world.token(id).await.unwrap());
        out.note(&world.status(id).await);
        let page = PageRequest::new(100, None);
        out.note(&world.wallet.attempts(&world.caller, id, page).await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn thr_63_no_secret_is_logged_audited_or_shown_by_debug() {
    let mut out = Output::default();
    let writer = out.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut known = Vec::new();
    let world = World::of_class(RotationClass::Overlapping).await;
    let by = world.asker();
    out.note(&world.wallet);
    out.note(&world.caller);
    let id = flow(&world, &mut out, &mut known).await;
    failures(&world, &mut out, id).await;
    out.note(&world.wallet.smoke_test(&world.caller, &by, id).await.unwrap());
    let found = world
        .wallet
        .integration(&world.scope, world.integration)
        .await
        .unwrap();
    out.note(&found);
    out.note(
        &world
            .wallet
            .test_integration(&world.scope, &by, world.integration)
            .await
            .unwrap(),
    );
    out.note(&values(RotationClass::Static, SECRET));
    let taken = world
        .wallet
        .take_idempotency_key(&by, "r", "k", SECRET.as_bytes())
        .await
        .unwrap();
    out.note(&taken);
    if let Idempotent::Do(ticket) = taken {
        let body = secret_bytes(SECRET.as_bytes().to_vec());
        world.wallet.keep_answer(&by, ticket, 200, &body).await.unwrap();
    }
    out.note(
        &world
            .wallet
            .take_idempotency_key(&by, "r", "k", SECRET.as_bytes())
            .await
            .unwrap(),
    );
    out.note(&world.disconnect(id).await.unwrap());
    out.error(&world.token(id).await.unwrap_err());
    let page = PageRequest::new(PageRequest::MAX, None);
    let rows = world.wallet.audit_log(&world.scope, page).await.unwrap();
    out.note(&rows);
    for row in &rows.items {
        writeln!(out, "{}", row.detail).unwrap();
    }
    let text = out.text();
    assert!(
        text.contains("waits for") || text.contains("TRACE") || text.contains("DEBUG"),
        "something was logged"
    );
    assert_clean(&text, &known);
}

#[tokio::test(start_paused = true)]
async fn o2_every_change_has_its_row() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let (wallet, by) = (&world.wallet, world.asker());
    let id = world.connect().await;
    world.refresh(id).await.unwrap();
    world.strike(Endpoint::Refresh, false, Effect::Html { status: 400 }, 1);
    assert!(world.refresh(id).await.is_err());
    wallet.smoke_test(&world.caller, &by, id).await.unwrap();
    wallet
        .test_integration(&world.scope, &by, world.integration)
        .await
        .unwrap();
    wallet
        .disable_integration(&world.scope, &by, world.integration)
        .await
        .unwrap();
    wallet
        .enable_integration(&world.scope, &by, world.integration)
        .await
        .unwrap();
    wallet
        .update_integration(&world.scope, &by, world.integration, Some("Named"), None)
        .await
        .unwrap();
    let spare = wallet
        .create_integration(
            &world.scope,
            &by,
            "simulator",
            "Spare",
            values(RotationClass::Static, SECRET),
        )
        .await
        .unwrap();
    wallet
        .delete_integration(&world.scope, &by, spare.id)
        .await
        .unwrap();
    let new = NewCaller {
        name: "short".into(),
        ..everything()
    };
    let (made, _) = wallet.create_caller(&world.scope, &by, new).await.unwrap();
    wallet.revoke_caller(&world.scope, &by, made.id).await.unwrap();
    let departure = world.depart().await;
    let denied = world.http.deny(&departure.authorize_url).unwrap();
    assert!(world.come_back(&denied, &departure).await.is_err());
    world.disconnect(id).await.unwrap();
    let verbs = world.audit_verbs().await;
    let elsewhere = [
        AuditVerb::TenantCreate,
        AuditVerb::OperatorCreate,
        AuditVerb::OperatorRevoke,
        AuditVerb::IntegrationBlock,
    ];
    for verb in AuditVerb::ALL {
        let expected = !elsewhere.contains(verb);
        assert_eq!(verbs.contains(&verb.as_str()), expected, "{verb:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn o2_what_an_operator_changes_is_in_the_installations_log() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let (wallet, by) = (&world.wallet, asker(TenantId::INSTALLATION));
    let (made, _) = wallet
        .create_operator(&operator(), &by, "root", NewCaller::USUAL)
        .await
        .unwrap();
    wallet.revoke_operator(&operator(), &by, made.id).await.unwrap();
    let page = PageRequest::new(PageRequest::MAX, None);
    let rows = wallet.audit_log(&operator().installation(), page).await.unwrap();
    let verbs: Vec<_> = rows.items.iter().map(|row| row.verb).collect();
    for verb in [
        AuditVerb::TenantCreate,
        AuditVerb::OperatorCreate,
        AuditVerb::OperatorRevoke,
    ] {
        assert!(verbs.contains(&verb), "{verb:?}");
    }
}

use super::world::{Authorized, Connected, SYSTEM, World};
use crate::SecretHash;
use crate::audit::{AuditEntry, AuditVerb};
use crate::caller::Caller;
use crate::connection::{Attempt, ConnectionView, Slot};
use crate::data_key::{DataKey, DataKeyPurpose};
use crate::flow::{ConnectSession, Flow};
use crate::idempotency::IdempotencyKey;
use crate::integration::Integration;
use crate::page::PageRequest;
use crate::ports::{ConnectionFilter, Stores};
use crate::tenant::User;
use crate::testing::fixture;

/// A tenant that has one of everything, each in the state in which something can still be done to it.
pub(super) struct Estate {
    pub(super) world: World,
    pub(super) user: User,
    pub(super) caller: Caller,
    /// An integration that nothing uses.
    pub(super) spare: Integration,
    pub(super) key: DataKey,
    pub(super) taken: IdempotencyKey,
    /// A session that is not opened.
    pub(super) session: ConnectSession,
    /// A flow whose callback has not come.
    pub(super) begun: Flow,
    /// Flows whose code is being exchanged.
    pub(super) exchanging: [(Flow, Attempt); 2],
    /// A result that is not redeemed.
    pub(super) pending: Authorized,
    /// Connections with a lease and an intent.
    pub(super) refreshing: [(Connected, Slot, Attempt); 2],
    pub(super) connected: Connected,
    /// A disconnected connection under a lease.
    pub(super) revoking: (Connected, Slot),
    /// A disconnected connection without a lease.
    pub(super) revoked: Connected,
}

/// All that there is to see of an estate.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    users: Vec<User>,
    integrations: Vec<Integration>,
    callers: Vec<Caller>,
    log: Vec<AuditEntry>,
    connections: Vec<ConnectionView>,
    attempts: Vec<Attempt>,
    flows: Vec<Option<(Flow, ConnectSession)>>,
    session: Option<ConnectSession>,
    key: Option<DataKey>,
}

impl Estate {
    pub(super) async fn new(stores: &Stores) -> Self {
        let world = World::new(stores).await;
        let tenant = world.tenant.id;
        let scope = world.scope;
        let user = fixture::user(tenant);
        let audit = world.audit(AuditVerb::UserCreate);
        stores.tenants.ensure_user(&scope, &user, &audit).await.unwrap();
        let caller = fixture::caller(tenant);
        let audit = world.audit(AuditVerb::CallerCreate);
        stores.callers.create(&scope, &caller, &audit).await.unwrap();
        let spare = fixture::integration(tenant);
        let audit = world.audit(AuditVerb::IntegrationCreate);
        stores.integrations.create(&scope, &spare, &audit).await.unwrap();
        let key = fixture::data_key(tenant, DataKeyPurpose::Seal);
        stores.data_keys.create_first(&scope, &key).await.unwrap();
        let taken = fixture::idempotency_key();
        stores
            .idempotency
            .take(&scope, &taken, fixture::time(0))
            .await
            .unwrap();

        let (first, _, first_attempt) = world.exchanging().await;
        let (second, _, second_attempt) = world.exchanging().await;
        let revoking = world.connected().await;
        world.disconnect(revoking.id).await;
        let (slot, _) = world.leased_for_revoke(&revoking, super::world::LONG).await;
        let revoked = world.connected().await;
        world.disconnect(revoked.id).await;
        Self {
            session: world.session().await,
            begun: world.flow().await.0,
            exchanging: [(first, first_attempt), (second, second_attempt)],
            pending: world.authorized(|_| ()).await,
            refreshing: [refreshing(&world).await, refreshing(&world).await],
            connected: world.connected().await,
            revoking: (revoking, slot),
            revoked,
            world,
            user,
            caller,
            spare,
            key,
            taken,
        }
    }

    pub(super) async fn snapshot(&self) -> Snapshot {
        let (stores, scope) = (&self.world.stores, &self.world.scope);
        let page = PageRequest::new(PageRequest::MAX, None);
        let all = ConnectionFilter::default();
        let mut integrations = stores.integrations.list(scope, page).await.unwrap().items;
        integrations.retain(|integration| integration.owner == scope.tenant());
        let connections = stores.connections.list(scope, &all, page).await.unwrap().items;
        let mut attempts = Vec::new();
        for view in &connections {
            attempts.extend(self.world.attempts(view.connection.id).await);
        }
        let mut flows = Vec::new();
        for state in self.states() {
            flows.push(stores.flows.find_by_state(&SYSTEM, &state).await.unwrap());
        }
        let hash = &self.session.token_hash;
        Snapshot {
            users: stores.tenants.list_users(scope, page).await.unwrap().items,
            integrations,
            callers: stores.callers.list(scope, page).await.unwrap().items,
            log: self.world.log().await,
            connections,
            attempts,
            flows,
            session: stores.flows.find_session(&SYSTEM, hash).await.unwrap(),
            key: stores.data_keys.find(scope, self.key.id).await.unwrap(),
        }
    }

    fn states(&self) -> [SecretHash; 3] {
        let [(first, _), (second, _)] = &self.exchanging;
        [self.begun.state_hash, first.state_hash, second.state_hash]
    }
}

async fn refreshing(world: &World) -> (Connected, Slot, Attempt) {
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    (of, slot, attempt)
}

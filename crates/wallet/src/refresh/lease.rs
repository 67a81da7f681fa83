//! Holding a lease while work is done under it, and giving it back.

use crate::wallet::Inner;
use coffer_core::TenantScope;
use coffer_core::id::SlotId;
use std::convert::Infallible;

impl Inner {
    /// Does work under a lease, and lets the lease run on until the work is done, so that nobody else presents the
    /// token meanwhile (THR-17).
    pub(super) async fn holding<T>(
        &self,
        scope: &TenantScope,
        slot: SlotId,
        epoch: u64,
        work: impl Future<Output = T>,
    ) -> T {
        tokio::select! {
            biased;
            done = work => done,
            never = self.renew_for_ever(scope, slot, epoch) => match never {},
        }
    }

    async fn renew_for_ever(&self, scope: &TenantScope, slot: SlotId, epoch: u64) -> Infallible {
        let (store, ttl) = (&self.stores.connections, self.settings.lease);
        // What is left of the lease when the answer comes is at least the time of a commit.
        let pause = self.settings.commit / 2;
        loop {
            tokio::time::sleep(pause).await;
            match tokio::time::timeout(pause, store.renew(scope, slot, epoch, ttl)).await {
                Ok(Ok(true)) => {}
                // It is over. The commit is tried all the same: the other one may not have presented the token yet.
                Ok(Ok(false)) => return std::future::pending().await,
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(%slot, "a lease could not be renewed; it is tried again")
                }
            }
        }
    }

    /// Gives back a lease under which nothing was sent, or nothing is open any more. Where that fails, it runs out.
    pub(crate) async fn give_back(&self, scope: &TenantScope, slot: SlotId, epoch: u64) {
        if let Err(error) = self.stores.connections.release(scope, slot, epoch).await {
            tracing::warn!(%slot, code = error.code(), "a lease was not given back; it runs out by itself");
        }
    }
}

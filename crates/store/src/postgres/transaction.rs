//! Transactions of PostgreSQL. The tenant is set together with BEGIN, for this transaction only: one round trip.

use super::connect::Checkout;
use super::{Backend, Conn};
use crate::error::{Fault, translate, translate_commit};
use crate::tx::{Ended, Spec, Who};
use coffer_core::StoreError;
use diesel_async::{AnsiTransactionManager, TransactionManager as _};

pub(crate) struct Tx {
    conn: Checkout,
}

impl Backend {
    /// Begins. A connection that died while it lay idle is replaced once: nothing was sent on it but BEGIN.
    pub(crate) async fn begin(&self, spec: Spec) -> Result<Tx, StoreError> {
        match self.try_begin(spec).await {
            Err(Begin::Dead(_)) => {
                self.forget_idle();
                self.try_begin(spec).await.map_err(Begin::into_error)
            }
            begun => begun.map_err(Begin::into_error),
        }
    }

    async fn try_begin(&self, spec: Spec) -> Result<Tx, Begin> {
        let checkout = match spec.who {
            Who::Tenant(_) => self.app().await,
            Who::System => self.system().await,
        };
        let mut conn = checkout.map_err(Begin::NoConnection)?;
        AnsiTransactionManager::begin_transaction_sql(conn.get(), &begin_sql(spec.who))
            .await
            .map_err(|error| Begin::Dead(translate(error)))?;
        Ok(Tx { conn })
    }
}

/// Why a transaction did not begin.
enum Begin {
    /// The pool had none to give.
    NoConnection(StoreError),
    /// The pool gave one that no longer works.
    Dead(StoreError),
}

impl Begin {
    fn into_error(self) -> StoreError {
        match self {
            Self::NoConnection(error) | Self::Dead(error) => error,
        }
    }
}

impl Tx {
    pub(crate) fn conn(&mut self) -> &mut Conn {
        self.conn.get()
    }

    /// Commits what ended well and rolls back what did not. A connection that can do neither is closed.
    pub(crate) async fn end<R>(mut self, result: Result<R, Fault>, left: u8) -> Ended<R> {
        match result {
            Ok(value) => match AnsiTransactionManager::commit_transaction(self.conn.get()).await {
                Ok(()) => {
                    self.conn.give_back();
                    Ended::Done(Ok(value))
                }
                Err(error) => Ended::Done(Err(translate_commit(error))),
            },
            Err(fault) => {
                let rolled_back = AnsiTransactionManager::rollback_transaction(self.conn.get()).await;
                if rolled_back.is_ok() && fault.leaves_connection_sound() {
                    self.conn.give_back();
                }
                if fault.is_serialization() && left > 0 {
                    return Ended::Again;
                }
                Ended::Done(Err(fault.into_answer()))
            }
        }
    }
}

/// An id prints as hexadecimal digits and dashes, whatever came from outside.
pub(super) fn begin_sql(who: Who) -> String {
    match who {
        Who::Tenant(tenant) => format!("BEGIN; SET LOCAL app.tenant_id = '{tenant}'"),
        Who::System => "BEGIN; SET LOCAL app.scope = 'system'".to_owned(),
    }
}

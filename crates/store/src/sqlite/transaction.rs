//! Transactions of SQLite.

use super::{Backend, Conn};
use crate::error::{Fault, translate};
use crate::tx::{Access, Ended, Spec};
use coffer_core::StoreError;
use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
use diesel_async::pooled_connection::deadpool::Object;
use futures_util::FutureExt as _;

pub(crate) struct Tx {
    conn: Object<Conn>,
    open: bool,
}

impl Backend {
    /// A writer takes the database's lock at once: one that begins by reading may find the lock taken when it is too
    /// late to wait for it.
    pub(crate) async fn begin(&self, spec: Spec) -> Result<Tx, StoreError> {
        let (conn, begin) = match spec.access {
            Access::Write => (self.writer().await?, Some("BEGIN IMMEDIATE")),
            Access::Read => (self.reader().await?, Some("BEGIN")),
            Access::ReadOne => (self.reader().await?, None),
        };
        let mut tx = Tx { conn, open: false };
        if let Some(sql) = begin {
            tx.conn
                .spawn_blocking(move |c| AnsiTransactionManager::begin_transaction_sql(c, sql))
                .await
                .map_err(translate)?;
            tx.open = true;
        }
        Ok(tx)
    }
}

impl Tx {
    pub(crate) fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    /// Commits what ended well and rolls back what did not.
    pub(crate) async fn end<R>(mut self, result: Result<R, Fault>, _left: u8) -> Ended<R> {
        if !self.open {
            return Ended::Done(result.map_err(Fault::into_answer));
        }
        Ended::Done(match result {
            Ok(value) => {
                let committed = self
                    .conn
                    .spawn_blocking(AnsiTransactionManager::commit_transaction)
                    .await;
                match committed {
                    Ok(()) => {
                        self.open = false;
                        Ok(value)
                    }
                    // SQLite reports a failed COMMIT on the spot: nothing was done, and the drop rolls it back.
                    Err(error) => Err(translate(error)),
                }
            }
            Err(fault) => Err(fault.into_answer()),
        })
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if self.open {
            // In place, so it is done when it is made. What cannot be rolled back is thrown away by the pool.
            let rolled_back = self
                .conn
                .spawn_blocking(AnsiTransactionManager::rollback_transaction)
                .now_or_never();
            if !matches!(rolled_back, Some(Ok(()))) {
                tracing::warn!("a transaction could not be rolled back; its connection is closed");
            }
        }
    }
}

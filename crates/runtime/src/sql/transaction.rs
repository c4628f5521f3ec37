//! Transactions that end whatever becomes of their caller.

use std::future::Future;
use std::pin::Pin;

use sea_orm::{
    AccessMode, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, IsolationLevel,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tracing::Instrument;

use super::Database;

/// What is done inside a transaction: a boxed future that borrows it.
pub type Work<'t, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 't>>;

impl Database {
    /// Runs `work` in a transaction of the writer: committed when it returns `Ok`, rolled back when it returns
    /// `Err` or panics. On SQLite it begins IMMEDIATE, so that it never fails half-way for want of the lock.
    ///
    /// Everything happens in a task of its own. A caller that is cancelled does not end the transaction; it
    /// merely does not hear how it went. Inside, use the transaction only: on SQLite the writer is the one
    /// connection the transaction itself holds.
    ///
    /// # Errors
    /// What `work` returned; or the store's error from BEGIN or COMMIT. After an error from COMMIT it is unknown
    /// whether the transaction took effect.
    ///
    /// # Panics
    /// When `work` panics, with the same payload.
    pub async fn transaction<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbErr> + Send + 'static,
    {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        in_own_task(run(self.writer.clone(), options, work)).await
    }

    /// Runs several reads on one state of the store, so that, say, a list and its count belong together. Like
    /// [`transaction`](Database::transaction), but on the reader, and it cannot write.
    ///
    /// # Errors
    /// What `work` returned, or the store's own.
    ///
    /// # Panics
    /// When `work` panics, with the same payload.
    pub async fn snapshot<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbErr> + Send + 'static,
    {
        // SQLite's readers are snapshots by nature and read-only by pragma.
        let options = match self.backend() {
            DatabaseBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                sqlite_transaction_mode: None,
            },
            _ => TransactionOptions::default(),
        };
        in_own_task(run(self.reader.clone(), options, work)).await
    }
}

async fn run<T, E, F>(connection: DatabaseConnection, options: TransactionOptions, work: F) -> Result<T, E>
where
    F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T, E> + Send + 'static,
    E: From<DbErr>,
{
    let transaction = connection.begin_with_options(options).await?;
    match work(&transaction).await {
        Ok(done) => {
            transaction.commit().await?;
            Ok(done)
        }
        Err(error) => {
            if let Err(failed) = transaction.rollback().await {
                tracing::warn!(error = %failed, "the store did not confirm a rollback");
            }
            Err(error)
        }
    }
}

async fn in_own_task<T, E>(transaction: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<DbErr> + Send + 'static,
{
    match tokio::spawn(transaction.in_current_span()).await {
        Ok(end) => end,
        Err(failed) => match failed.try_into_panic() {
            Ok(payload) => std::panic::resume_unwind(payload),
            Err(_) => Err(DbErr::Custom("the process is ending; the transaction was given up".into()).into()),
        },
    }
}

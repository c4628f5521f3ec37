//! What lies in the tables of a store, row by row as the store writes it down itself, to compare it with another of its kind.

use anyhow::Context;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, QueryResult, Statement,
};

/// The tables of a store, which is only read.
#[derive(Debug)]
pub struct Tables(DatabaseConnection);

impl Tables {
    /// Those of the SQLite or PostgreSQL at this URL.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let only_read = if url.starts_with("sqlite:") { format!("{url}?mode=ro") } else { url.to_owned() };
        let options = ConnectOptions::new(only_read).max_connections(1).sqlx_logging(false).to_owned();
        Ok(Self(Database::connect(options).await.context("a store to read")?))
    }

    /// Their names, in order.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn names(&self) -> anyhow::Result<Vec<String>> {
        let sql = match self.0.get_database_backend() {
            DbBackend::Sqlite => {
                "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            }
            _ => "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = current_schema()",
        };
        self.lines(sql.to_owned()).await
    }

    /// The rows of a table, each as one line of text, in order of the text.
    ///
    /// # Errors
    /// When there is no such table, or the store does not answer.
    pub async fn rows(&self, table: &str) -> anyhow::Result<Vec<String>> {
        let sql = match self.0.get_database_backend() {
            DbBackend::Sqlite => {
                let columns = format!("SELECT name AS line FROM pragma_table_info('{table}')");
                let columns = self.lines(columns).await?;
                let quoted: Vec<_> = columns.iter().map(|column| format!("quote({column})")).collect();
                format!("SELECT {} AS line FROM {table}", quoted.join(" || ',' || "))
            }
            _ => format!("SELECT t::text AS line FROM {table} t"),
        };
        self.lines(sql).await.with_context(|| format!("the rows of {table}"))
    }

    /// The one number a query answers with.
    ///
    /// # Errors
    /// When it answers with something else.
    pub async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        let rows = self.query(sql.to_owned()).await?;
        let row = rows.first().with_context(|| format!("no answer to {sql}"))?;
        Ok(row.try_get_by_index(0)?)
    }

    /// Gives the store back.
    ///
    /// # Errors
    /// When the store reports one.
    pub async fn close(self) -> anyhow::Result<()> {
        Ok(self.0.close().await?)
    }

    async fn lines(&self, sql: String) -> anyhow::Result<Vec<String>> {
        let rows = self.query(sql).await?;
        let mut lines = rows.iter().map(|row| row.try_get("", "line")).collect::<Result<Vec<String>, _>>()?;
        lines.sort_unstable();
        Ok(lines)
    }

    async fn query(&self, sql: String) -> anyhow::Result<Vec<QueryResult>> {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        Ok(self.0.query_all_raw(statement).await?)
    }
}

//! Bringing a schema up to date, or only saying what it lacks.

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, Statement};
use sea_orm_migration::{MigratorTrait, SchemaManager};

use super::{Database, DatabaseConfig, OpenError, open};

/// The PostgreSQL lock that whoever migrates a database holds: "fenliu" in hexadecimal.
const MIGRATION_LOCK: i64 = 0x66_65_6e_6c_69_75;
/// Where the steps that were applied are noted.
const NOTES: &str = "seaql_migrations";
/// How long the steps may take on a PostgreSQL, and how long others wait for whoever applies them.
const MIGRATION_LIMIT: &str = "4h";

/// What became of a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Steps that were applied now, in order.
    pub applied: Vec<String>,
    /// Steps that are missing, in order; none when they were to be applied.
    pub missing: Vec<String>,
}

impl Migrated {
    /// What whoever asked is told; one who asked what is missing learns it as a failure, so that scripts notice.
    ///
    /// # Errors
    /// When steps are missing.
    pub fn told(self) -> Result<String, OpenError> {
        if !self.missing.is_empty() {
            let steps = self.missing.join(", ");
            return Err(OpenError::Refused(format!(
                "the schema lacks {steps}; run this command without --check to apply what is missing"
            )));
        }
        Ok(match self.applied.as_slice() {
            [] => "the schema is up to date".to_owned(),
            applied => format!("applied {}", applied.join(", ")),
        })
    }
}

/// Brings the schema of a store up to date; or, to `check`, says what it lacks and changes nothing: neither a file nor a
/// schema is made then.
///
/// # Errors
/// When the store cannot be opened, a step fails, or a newer binary has been here.
pub async fn migrate<M: MigratorTrait>(config: &DatabaseConfig, check: bool) -> Result<Migrated, OpenError> {
    let everything = || M::migrations().iter().map(|step| step.name().to_owned()).collect();
    if !check {
        let database = Database::open(config).await?;
        let applied = database.migrate::<M>().await?;
        database.close().await?;
        return Ok(Migrated { applied, missing: Vec::new() });
    }
    if !open::is_there(config) {
        return Ok(Migrated { applied: Vec::new(), missing: everything() });
    }
    let database = open::open(config, open::Absent::Left).await?;
    let missing = database.missing::<M>().await?;
    database.close().await?;
    Ok(Migrated { applied: Vec::new(), missing })
}

impl Database {
    /// Opens the store of a service that is about to serve, with its schema up to date: the configuration says whether what
    /// is missing is applied or refused.
    ///
    /// # Errors
    /// When the store cannot be opened or migrated, or when it lacks steps that are not to be applied here.
    pub async fn open_migrated<M: MigratorTrait>(config: &DatabaseConfig) -> Result<Self, OpenError> {
        if config.migrate {
            let database = Self::open(config).await?;
            database.migrate::<M>().await?;
            return Ok(database);
        }
        let lacks = |missing: &[String]| {
            OpenError::Refused(format!(
                "the schema of this database lacks {}, and database.migrate is false; run this program's command \
                 migrate with the same configuration, then start it again",
                missing.join(", ")
            ))
        };
        if !open::is_there(config) {
            let steps: Vec<_> = M::migrations().iter().map(|step| step.name().to_owned()).collect();
            return Err(lacks(&steps));
        }
        let database = open::open(config, open::Absent::Left).await?;
        let missing = database.missing::<M>().await?;
        if missing.is_empty() { Ok(database) } else { Err(lacks(&missing)) }
    }

    /// Applies the migrations that have not been applied yet, all or none, in one transaction, and names them: of several
    /// processes that start at once on one store, one applies them while the others wait.
    ///
    /// # Errors
    /// When one fails. When a newer binary has been here, whose schema this one does not know; nothing is touched
    /// then.
    pub async fn migrate<M: MigratorTrait>(&self) -> Result<Vec<String>, OpenError> {
        self.transaction(|transaction| {
            Box::pin(async move {
                if transaction.get_database_backend() == DatabaseBackend::Postgres {
                    // A step may take longer than what callers wait for, and so may waiting for another process's.
                    let patience = format!(
                        "SET LOCAL statement_timeout = '{MIGRATION_LIMIT}'; \
                         SET LOCAL lock_timeout = '{MIGRATION_LIMIT}'; \
                         SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"
                    );
                    transaction.execute_unprepared(&patience).await?;
                }
                M::install(transaction).await?;
                let missing = lacking::<M>(transaction).await?;
                M::up(transaction, None).await?;
                Ok(missing)
            })
        })
        .await
    }

    /// The migrations that have not been applied yet, in order. Nothing is changed.
    ///
    /// # Errors
    /// When the store does not answer. When a newer binary has been here.
    pub async fn missing<M: MigratorTrait>(&self) -> Result<Vec<String>, OpenError> {
        self.snapshot(|transaction| {
            Box::pin(async move {
                if SchemaManager::new(transaction).has_table(NOTES).await? {
                    return lacking::<M>(transaction).await;
                }
                Ok(M::migrations().iter().map(|step| step.name().to_owned()).collect())
            })
        })
        .await
    }
}

/// What a schema lacks; one with steps that this binary does not know is refused.
async fn lacking<M: MigratorTrait>(transaction: &DatabaseTransaction) -> Result<Vec<String>, OpenError> {
    let known: Vec<String> = M::migrations().iter().map(|step| step.name().to_owned()).collect();
    // The library's own way to read them would make their table first.
    let noted = format!("SELECT version FROM {NOTES} ORDER BY version");
    let noted = Statement::from_string(transaction.get_database_backend(), noted);
    let noted = transaction.query_all_raw(noted).await?;
    let applied = noted.iter().map(|row| row.try_get("", "version"));
    let applied = applied.collect::<Result<Vec<String>, _>>()?;
    if let Some(step) = applied.iter().find(|step| !known.contains(step)) {
        return Err(OpenError::Refused(format!(
            "the schema of this database is newer than this binary: it has the step {step}, which is unknown here; run \
             the binary that made it, or a newer one"
        )));
    }
    Ok(known.into_iter().filter(|step| !applied.contains(step)).collect())
}

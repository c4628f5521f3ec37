//! Many rows of several tables by few statements whose text does not depend on how many rows there are, so that a connection
//! prepares each of them once.
//!
//! PostgreSQL takes one array for each column and unnests them, all tables in one statement; SQLite takes several rows a
//! statement, in a few sizes, the rows that are too many for it left empty.

use sea_orm::sea_query::{ArrayType, ColumnType, Iden as _};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, EntityName,
    EntityTrait, Iterable, Statement, Value,
};

/// Most rows of one statement of SQLite, a power of two; its 32,766 values allow no more of the widest table. Each statement
/// is a way to the thread of its connection and back, so rows go in one of the next power of two.
const MOST_ROWS: usize = 1_024;
/// Ids of one lookup, by which lists of them are filled up.
const LISTS: [usize; 6] = [1, 4, 16, 64, 256, 1_024];

/// How a column of a kind travels to PostgreSQL. Arrays hold no NULLs there: a value that no row has stands for it.
struct Kind {
    array: ArrayType,
    sql: &'static str,
    null: Value,
    null_sql: &'static str,
}

impl Kind {
    fn of(column: &ColumnType) -> Result<Self, DbErr> {
        let kind = |array, sql, null, null_sql| Self { array, sql, null, null_sql };
        Ok(match column {
            ColumnType::BigInteger => {
                kind(ArrayType::BigInt, "bigint", i64::MIN.into(), "'-9223372036854775808'::bigint")
            }
            ColumnType::Integer => kind(ArrayType::Int, "int", i32::MIN.into(), "'-2147483648'::int"),
            ColumnType::Uuid => kind(
                ArrayType::Uuid,
                "uuid",
                sea_orm::prelude::Uuid::nil().into(),
                "'00000000-0000-0000-0000-000000000000'::uuid",
            ),
            // No text from outside holds a control character.
            ColumnType::String(_) | ColumnType::Text => {
                kind(ArrayType::String, "text", "\u{1}".into(), "E'\\x01'")
            }
            ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Blob => {
                kind(ArrayType::Bytes, "bytea", Vec::<u8>::new().into(), "''::bytea")
            }
            other => return Err(DbErr::Custom(format!("a column of type {other:?} is not written in bulk"))),
        })
    }
}

/// One column of some rows.
struct Column {
    kind: Kind,
    nullable: bool,
    values: Vec<Value>,
}

/// Rows of one table that are to be inserted.
pub struct Rows {
    insert: String,
    count: usize,
    columns: Vec<Column>,
    on_conflict: &'static str,
}

impl Rows {
    /// Takes rows. `on_conflict` is what follows the values: nothing, or an ON CONFLICT clause.
    ///
    /// # Errors
    /// When a column has a type that is not written in bulk, or a row leaves one out.
    pub fn of<A: ActiveModelTrait>(mut rows: Vec<A>, on_conflict: &'static str) -> Result<Self, DbErr> {
        let mut columns = Vec::new();
        let mut names = Vec::new();
        for column in <<A as ActiveModelTrait>::Entity as EntityTrait>::Column::iter() {
            let definition = column.def();
            let value = |row: &mut A| {
                let missing = || DbErr::Custom(format!("{} is not set", column.unquoted()));
                row.take(column).into_value().ok_or_else(missing)
            };
            names.push(format!("\"{}\"", column.unquoted()));
            columns.push(Column {
                kind: Kind::of(definition.get_column_type())?,
                nullable: definition.is_null(),
                values: rows.iter_mut().map(value).collect::<Result<_, _>>()?,
            });
        }
        let table = A::Entity::default();
        let insert = format!("INSERT INTO \"{}\" ({})", table.table_name(), names.join(", "));
        Ok(Self { insert, count: rows.len(), columns, on_conflict })
    }

    /// Inserts them.
    ///
    /// # Errors
    /// The store's; what was inserted until then is the transaction's to take back.
    pub async fn insert(self, txn: &DatabaseTransaction) -> Result<(), DbErr> {
        let statements = match txn.get_database_backend() {
            DatabaseBackend::Postgres => {
                let mut values = Vec::new();
                let text = self.unnested("TRUE", &mut values);
                vec![Statement::from_sql_and_values(DatabaseBackend::Postgres, text, values)]
            }
            backend => self.chunked(backend),
        };
        for statement in statements {
            txn.execute_raw(statement).await?;
        }
        Ok(())
    }

    /// The insertion as a part of PostgreSQL's one statement, under a condition; its arrays come after `values`.
    fn unnested(self, condition: &str, values: &mut Vec<Value>) -> String {
        let (mut selected, mut unnested, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (at, column) in self.columns.into_iter().enumerate() {
            let Kind { array, sql, null, null_sql } = column.kind;
            let known = |value: Value| if value == value.as_null() { null.clone() } else { value };
            let (select, of) = if column.nullable {
                (format!("NULLIF(c{at}, {null_sql})"), column.values.into_iter().map(known).collect())
            } else {
                (format!("c{at}"), column.values)
            };
            values.push(Value::Array(array, Some(Box::new(of))));
            selected.push(select);
            unnested.push(format!("${}::{sql}[]", values.len()));
            names.push(format!("c{at}"));
        }
        format!(
            "{} SELECT {} FROM UNNEST({}) AS r({}) WHERE {condition} {}",
            self.insert,
            selected.join(", "),
            unnested.join(", "),
            names.join(", "),
            self.on_conflict,
        )
    }

    /// The insertion as statements of a few sizes. What no value is given for SQLite takes for NULL, so what is beyond the
    /// last row is empty, and is told from a row by a column that never is.
    fn chunked(self, backend: DatabaseBackend) -> Vec<Statement> {
        let one = format!("({})", vec!["?"; self.columns.len()].join(", "));
        let never_null = 1 + self.columns.iter().position(|column| !column.nullable).unwrap_or_default();
        let mut columns: Vec<_> = self.columns.into_iter().map(|column| column.values.into_iter()).collect();
        let mut statements = Vec::new();
        let mut left = self.count;
        while left > 0 {
            let rows = left.min(MOST_ROWS);
            let mut values = Vec::with_capacity(rows * columns.len());
            for _ in 0..rows {
                values.extend(columns.iter_mut().filter_map(Iterator::next));
            }
            let text = format!(
                "{} SELECT * FROM (VALUES {}) WHERE column{never_null} IS NOT NULL {}",
                self.insert,
                vec![one.as_str(); rows.next_power_of_two()].join(", "),
                self.on_conflict
            );
            statements.push(Statement::from_sql_and_values(backend, text, values));
            left -= rows;
        }
        statements
    }
}

/// An UPDATE of one row, in which everything else is written or nothing. Its parameters are `$1`, `$2`, and so on.
pub struct Guard {
    /// The statement.
    pub update: &'static str,
    /// Its parameters.
    pub values: Vec<Value>,
}

/// Writes rows of several tables if the guard finds its row; tells whether it did. PostgreSQL needs no transaction around
/// it, since it is one statement; elsewhere call it in one.
///
/// # Errors
/// The store's; what was written until then is the transaction's to take back.
pub async fn write_guarded(
    connection: &impl ConnectionTrait,
    guard: Guard,
    tables: Vec<Rows>,
) -> Result<bool, DbErr> {
    match connection.get_database_backend() {
        DatabaseBackend::Postgres => {
            let mut values = guard.values;
            let mut parts = vec![format!("guard AS ({} RETURNING 1)", guard.update)];
            for (at, table) in tables.into_iter().enumerate() {
                let insert = table.unnested("EXISTS (SELECT FROM guard)", &mut values);
                parts.push(format!("table_{at} AS ({insert})"));
            }
            let text = format!("WITH {} SELECT 1 FROM guard", parts.join(", "));
            let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, text, values);
            Ok(connection.query_one_raw(statement).await?.is_some())
        }
        backend => {
            let update = Statement::from_sql_and_values(backend, guard.update, guard.values);
            if connection.execute_raw(update).await?.rows_affected() == 0 {
                return Ok(false);
            }
            for statement in tables.into_iter().flat_map(|table| table.chunked(backend)) {
                connection.execute_raw(statement).await?;
            }
            Ok(true)
        }
    }
}

/// A list to look up, filled up by its last one to one of a few lengths: so few texts say `IN` that each is prepared once.
#[must_use]
pub fn filled_up<T: Clone>(mut list: Vec<T>) -> Vec<T> {
    let length = LISTS.into_iter().find(|length| *length >= list.len()).unwrap_or(list.len());
    if let Some(last) = list.last().cloned() {
        list.resize(length, last);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_filled_up_to_few_lengths() {
        assert!(filled_up(Vec::<u8>::new()).is_empty());
        assert_eq!(filled_up(vec![1, 2]), [1, 2, 2, 2]);
        let lengths: std::collections::BTreeSet<_> =
            (1..=1_024).map(|length| filled_up(vec![0; length]).len()).collect();
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), LISTS);
        assert_eq!(filled_up(vec![0; 2_000]).len(), 2_000);
    }
}

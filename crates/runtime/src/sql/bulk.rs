//! Many rows by few statements whose text does not depend on how many rows there are, so that a connection prepares each of
//! them once.
//!
//! PostgreSQL takes one array for each column and unnests them; SQLite takes several rows a statement, in a few sizes.

use sea_orm::sea_query::{ArrayType, ColumnType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, EntityName,
    EntityTrait, Iterable, Statement, Value,
};

/// Rows of one statement of SQLite; its 32,766 values allow no more of the widest table.
const CHUNKS: [usize; 5] = [1_024, 256, 32, 4, 1];
/// Ids of one lookup, by which lists of them are filled up.
const LISTS: [usize; 6] = [1, 4, 16, 64, 256, 1_024];

/// How a column travels in an array, and the value that stands for NULL there, since arrays of sea-orm hold none.
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

/// Inserts rows. `on_conflict` is what follows the values: nothing, or an ON CONFLICT clause.
///
/// # Errors
/// The store's, or when a column has a type that is not written in bulk.
pub async fn insert_all<A: ActiveModelTrait>(
    txn: &DatabaseTransaction,
    rows: Vec<A>,
    on_conflict: &str,
) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    match txn.get_database_backend() {
        DatabaseBackend::Postgres => insert_unnested(txn, &rows, on_conflict).await,
        backend => insert_chunked(txn, backend, &rows, on_conflict).await,
    }
}

type ColumnOf<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Column;

fn columns<A: ActiveModelTrait>() -> (String, Vec<ColumnOf<A>>) {
    let columns: Vec<_> = ColumnOf::<A>::iter().collect();
    let names: Vec<_> = columns.iter().map(|column| format!("\"{}\"", name(*column))).collect();
    let table = A::Entity::default();
    (format!("INSERT INTO \"{}\" ({})", table.table_name(), names.join(", ")), columns)
}

fn name<C: ColumnTrait>(column: C) -> String {
    column.unquoted().to_string()
}

fn value<A: ActiveModelTrait>(row: &A, column: ColumnOf<A>) -> Result<Value, DbErr> {
    row.get(column).into_value().ok_or_else(|| DbErr::Custom(format!("{} is not set", name(column))))
}

async fn insert_unnested<A: ActiveModelTrait>(
    txn: &DatabaseTransaction,
    rows: &[A],
    on_conflict: &str,
) -> Result<(), DbErr> {
    let (insert, columns) = columns::<A>();
    let (mut selected, mut unnested, mut names, mut arrays) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (at, column) in columns.into_iter().enumerate() {
        let definition = column.def();
        let Kind { array, sql, null, null_sql } = Kind::of(definition.get_column_type())?;
        let nullable = definition.is_null();
        selected.push(if nullable { format!("NULLIF(c{at}, {null_sql})") } else { format!("c{at}") });
        unnested.push(format!("${}::{sql}[]", at + 1));
        names.push(format!("c{at}"));
        let mut values = Vec::with_capacity(rows.len());
        for row in rows {
            let of = value(row, column)?;
            values.push(if nullable && of == of.as_null() { null.clone() } else { of });
        }
        arrays.push(Value::Array(array, Some(Box::new(values))));
    }
    let text = format!(
        "{insert} SELECT {} FROM UNNEST({}) AS r({}) {on_conflict}",
        selected.join(", "),
        unnested.join(", "),
        names.join(", ")
    );
    txn.execute_raw(Statement::from_sql_and_values(DatabaseBackend::Postgres, text, arrays)).await?;
    Ok(())
}

async fn insert_chunked<A: ActiveModelTrait>(
    txn: &DatabaseTransaction,
    backend: DatabaseBackend,
    rows: &[A],
    on_conflict: &str,
) -> Result<(), DbErr> {
    let (insert, columns) = columns::<A>();
    let one = format!("({})", vec!["?"; columns.len()].join(", "));
    let mut left = rows;
    while !left.is_empty() {
        let size = CHUNKS.into_iter().find(|size| *size <= left.len()).unwrap_or(1);
        let (chunk, rest) = left.split_at(size);
        let mut values = Vec::with_capacity(size * columns.len());
        for row in chunk {
            for column in &columns {
                values.push(value(row, *column)?);
            }
        }
        let text = format!("{insert} VALUES {} {on_conflict}", vec![one.as_str(); size].join(", "));
        txn.execute_raw(Statement::from_sql_and_values(backend, text, values)).await?;
        left = rest;
    }
    Ok(())
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

//! Pages of lists: bounded, and bound to their list by an authenticated token.

use fenliu_domain::problem::{Problem, Reason};
use fenliu_runtime::page::PageTokens;

/// Entries of a page when the caller does not say.
const DEFAULT_PAGE: u64 = 50;
/// Most entries of a page.
const MAX_PAGE: u64 = 500;

/// One page of one list.
#[derive(Debug)]
pub(super) struct Page<'a> {
    tokens: &'a PageTokens,
    scope: String,
    /// What the list calls the entry before the page; 0 on the first.
    pub(super) after: u64,
    /// Most entries of the page.
    pub(super) limit: u64,
}

impl<'a> Page<'a> {
    /// The page a token leads to. `scope` is the list with its filter: another list's token is refused.
    ///
    /// # Errors
    /// PAGE_TOKEN_INVALID.
    pub(super) fn of(tokens: &'a PageTokens, scope: String, size: i32, token: &str) -> Result<Self, Problem> {
        let limit = match u64::try_from(size) {
            Ok(0) | Err(_) => DEFAULT_PAGE,
            Ok(size) => size.min(MAX_PAGE),
        };
        let after = if token.is_empty() {
            0
        } else {
            let cursor = tokens.open(scope.as_bytes(), token)?;
            u64::from_be_bytes(cursor.try_into().map_err(|_| {
                Problem::new(Reason::PageTokenInvalid, "the page token is not one of this list")
            })?)
        };
        Ok(Self { tokens, scope, after, limit })
    }

    /// One more than the page holds: whether there is a next page shows in whether it comes.
    pub(super) const fn limit_and_one(&self) -> u64 {
        self.limit + 1
    }

    /// Cuts a list read with [`Page::limit_and_one`] to the page; the token of the next page follows `last`, and
    /// is empty on the last page.
    pub(super) fn cut<T>(&self, entries: &mut Vec<T>, last: impl Fn(&T) -> u64) -> String {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if entries.len() <= limit {
            return String::new();
        }
        entries.truncate(limit);
        entries.last().map(|entry| self.token(last(entry))).unwrap_or_default()
    }

    /// The token of the page after this entry.
    pub(super) fn token(&self, after: u64) -> String {
        self.tokens.seal(self.scope.as_bytes(), &after.to_be_bytes())
    }
}

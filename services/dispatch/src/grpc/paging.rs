//! Pages of lists: bounded, and bound to their list by an authenticated token.

use fenliu_domain::problem::{Problem, Reason};
use fenliu_runtime::page::PageTokens;
use prost::Message;

/// Entries of a page when the caller does not say.
const DEFAULT_PAGE: u64 = 50;
/// Most entries of a page.
const MAX_PAGE: u64 = 500;

/// Bytes a page may have: callers take 4 MiB in one message unless they ask for more.
const PAGE_BYTES: usize = 2 << 20;

/// How many of these entries, given their encoded sizes, go into one message: all, or as many as fit, but never none.
pub(super) fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0_usize;
    let fitting = sizes.take_while(|size| {
        let first = bytes == 0;
        bytes = bytes.saturating_add(*size);
        first || bytes <= PAGE_BYTES
    });
    fitting.count()
}

/// Where in its list an entry stands, as a page token carries it.
pub(super) trait Cursor: Sized {
    /// Its bytes.
    fn bytes(&self) -> Vec<u8>;

    /// The cursor of these bytes; `None` when they are none of this kind.
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// The number of an entry.
impl Cursor for u64 {
    fn bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

/// One page of one list.
#[derive(Debug)]
pub(super) struct Page<'a, C = u64> {
    tokens: &'a PageTokens,
    scope: String,
    /// Where the entry before the page stands; the default on the first.
    pub(super) after: C,
    /// Most entries of the page.
    pub(super) limit: u64,
}

impl<'a, C: Cursor + Default> Page<'a, C> {
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
            C::default()
        } else {
            let cursor = tokens.open(scope.as_bytes(), token)?;
            C::read(&cursor).ok_or_else(|| {
                Problem::new(Reason::PageTokenInvalid, "the page token is not one of this list")
            })?
        };
        Ok(Self { tokens, scope, after, limit })
    }

    /// One more than the page holds: whether there is a next page shows in whether it comes.
    pub(super) const fn limit_and_one(&self) -> u64 {
        self.limit + 1
    }

    /// Cuts a list read with [`Page::limit_and_one`] to the page, and to what fits into one message; the token of
    /// the next page follows `last`, and is empty on the last page.
    pub(super) fn cut<T: Message>(&self, entries: &mut Vec<T>, last: impl Fn(&T) -> C) -> String {
        let fitting = fitting(entries.iter().map(Message::encoded_len));
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX).min(fitting);
        if entries.len() <= limit {
            return String::new();
        }
        entries.truncate(limit);
        entries.last().map(|entry| self.token(&last(entry))).unwrap_or_default()
    }

    /// The token of the page after this entry.
    pub(super) fn token(&self, after: &C) -> String {
        self.tokens.seal(self.scope.as_bytes(), &after.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_what_fits_into_a_message_and_never_nothing() {
        let half = PAGE_BYTES / 2;
        assert_eq!(fitting([].into_iter()), 0);
        assert_eq!(fitting([1, 1, 1].into_iter()), 3);
        assert_eq!(fitting([half, half, 1].into_iter()), 2);
        assert_eq!(
            fitting([PAGE_BYTES * 2, 1].into_iter()),
            1,
            "one that is too large for any page still comes"
        );
    }
}

//! Lists that come in pages.

use std::ops::AsyncFnMut;

/// Most things asked for at once: the most a page holds.
pub const PAGE_SIZE: i32 = 500;
/// Most things that are listed in all.
pub const MAX_LISTED: usize = 20_000;

/// Everything of a list, page by page, up to `most` things. `page` gets the token of the page that it asks for, and
/// returns that page and the token of the next, empty after the last.
///
/// # Errors
/// As `page`.
pub async fn all<T>(
    most: usize,
    mut page: impl AsyncFnMut(String) -> anyhow::Result<(Vec<T>, String)>,
) -> anyhow::Result<Vec<T>> {
    let mut listed = Vec::new();
    let mut token = String::new();
    loop {
        let (things, next) = page(token).await?;
        let nothing = things.is_empty();
        listed.extend(things);
        // A server whose pages are empty, and never end, shall not keep us forever.
        if next.is_empty() || nothing || listed.len() >= most {
            listed.truncate(most);
            return Ok(listed);
        }
        token = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn numbers(most: usize) -> Vec<usize> {
        let page = async |token: String| {
            let from: usize = token.parse().unwrap_or(0);
            let next = if from == 4 { String::new() } else { (from + 2).to_string() };
            anyhow::Ok((vec![from, from + 1], next))
        };
        all(most, page).await.expect("listed")
    }

    #[tokio::test]
    async fn a_list_is_read_to_its_end_or_its_limit() {
        assert_eq!(numbers(MAX_LISTED).await, [0, 1, 2, 3, 4, 5]);
        assert_eq!(numbers(3).await, [0, 1, 2]);
    }

    #[tokio::test]
    async fn pages_that_stay_empty_end_the_list() {
        let endless = async |_| anyhow::Ok((Vec::<u8>::new(), "more".to_owned()));
        assert!(all(MAX_LISTED, endless).await.expect("ends").is_empty());
    }
}

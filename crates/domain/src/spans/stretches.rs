//! Sets of moments.

use crate::roster::Stretch;
use crate::roster::stretch::{merge, within, without};
use crate::time::Span;

/// A set of moments as sorted stretches, none of them empty, that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretches(Vec<Stretch>);

impl Stretches {
    /// The moments that lie in any of these, in whatever order; those that end before they begin hold none.
    #[must_use]
    pub fn of(stretches: impl IntoIterator<Item = Stretch>) -> Self {
        Self(merge(stretches.into_iter().filter(|stretch| stretch.start < stretch.end).collect()))
    }

    /// The stretches, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Stretch] {
        &self.0
    }

    /// How long they are together.
    #[must_use]
    pub fn length(&self) -> Span {
        total(self.0.iter().copied())
    }

    /// How long the part of them is that lies in a range.
    #[must_use]
    pub fn length_within(&self, range: Stretch) -> Span {
        total(within(range, &self.0))
    }

    /// The moments of either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(merge([self.as_slice(), other.as_slice()].concat()))
    }

    /// The moments of both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().flat_map(|stretch| within(*stretch, &other.0)).collect())
    }

    /// The moments of these that are none of the others.
    #[must_use]
    pub fn but_not(&self, other: &Self) -> Self {
        Self(self.0.iter().flat_map(|stretch| without(*stretch, &other.0)).collect())
    }
}

fn total(stretches: impl Iterator<Item = Stretch>) -> Span {
    stretches.fold(Span::ZERO, |sum, stretch| sum + stretch.length())
}

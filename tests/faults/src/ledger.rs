//! What callers asked for, when, of whom, and what they were told.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fenliu_domain::problem::Reason;
use fenliu_tests::load::request::{Answer, Request, Verdict};

/// A request that was sent once or several times, as it is.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) request: Request,
    pub(crate) sends: Vec<Sent>,
}

/// One sending of a request.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// The replica it was sent to.
    pub(crate) replica: usize,
    pub(crate) began: Duration,
    pub(crate) ended: Duration,
    pub(crate) verdict: Verdict,
}

/// What a caller may conclude from all sendings of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conclusion {
    /// It has its effect.
    Ok,
    /// It has none.
    Failed,
    /// It may have one.
    Unknown,
}

impl Sent {
    pub(crate) const fn is_ok(&self) -> bool {
        matches!(self.verdict, Verdict::Acknowledged(_))
    }

    pub(crate) const fn refused(&self) -> Option<Reason> {
        match self.verdict {
            Verdict::Refused(reason) => Some(reason),
            _ => None,
        }
    }
}

impl Operation {
    pub(crate) fn conclusion(&self) -> Conclusion {
        if self.sends.iter().any(Sent::is_ok) {
            Conclusion::Ok
        } else if self.sends.iter().all(|sent| sent.refused().is_some()) {
            Conclusion::Failed
        } else {
            Conclusion::Unknown
        }
    }

    /// When it was first asked for.
    pub(crate) fn began(&self) -> Duration {
        self.sends.iter().map(|sent| sent.began).min().unwrap_or_default()
    }

    /// When its effect was first acknowledged.
    pub(crate) fn acknowledged(&self) -> Option<Duration> {
        self.sends.iter().filter(|sent| sent.is_ok()).map(|sent| sent.ended).min()
    }

    /// What it was answered, each time it was.
    pub(crate) fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.sends.iter().filter_map(|sent| match &sent.verdict {
            Verdict::Acknowledged(answer) => Some(answer),
            _ => None,
        })
    }
}

/// How many operations ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) ok: usize,
    pub(crate) failed: usize,
    pub(crate) unknown: usize,
    pub(crate) sends: usize,
}

/// All operations of a run.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Book>);

/// What is written down.
#[derive(Debug, Default)]
struct Book {
    operations: Vec<Operation>,
    /// Times whose history was lost, as it was restored to what it was in the beginning of each.
    lost: Vec<(Duration, Duration)>,
}

impl Book {
    /// What was told in a time whose history was lost says nothing of what there is now; whoever was told it has to ask again.
    fn strike(&mut self, number: usize) {
        let lost = &self.lost;
        let is_lost =
            |sent: &&mut Sent| lost.iter().any(|(from, to)| sent.ended >= *from && sent.began <= *to);
        let sends = self.operations.get_mut(number).into_iter().flat_map(|operation| &mut operation.sends);
        for sent in sends.filter(is_lost) {
            sent.verdict = Verdict::Unknown("its history was lost".to_owned());
        }
    }
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Book> {
        // Whole entries are put into it, whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an operation down; its number.
    pub(crate) fn add(&self, operation: Operation) -> usize {
        let mut book = self.lock();
        book.operations.push(operation);
        let number = book.operations.len() - 1;
        book.strike(number);
        number
    }

    /// Notes that the history of this time was lost.
    pub(crate) fn lose(&self, from: Duration, to: Duration) {
        let mut book = self.lock();
        book.lost.push((from, to));
        for number in 0..book.operations.len() {
            book.strike(number);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().operations.len()
    }

    /// The request of this number.
    pub(crate) fn request(&self, number: usize) -> Option<Request> {
        self.lock().operations.get(number).map(|operation| operation.request.clone())
    }

    /// Writes another sending of an operation down.
    pub(crate) fn sent_again(&self, number: usize, sent: Sent) {
        let mut book = self.lock();
        if let Some(operation) = book.operations.get_mut(number) {
            operation.sends.push(sent);
        }
        book.strike(number);
    }

    /// Numbers of operations of which nobody knows whether they have had their effect.
    pub(crate) fn unknown(&self) -> Vec<usize> {
        let all = &self.lock().operations;
        let unknown = |operation: &Operation| operation.conclusion() == Conclusion::Unknown;
        (0..all.len()).filter(|number| unknown(&all[*number])).collect()
    }

    pub(crate) fn all(&self) -> Vec<Operation> {
        self.lock().operations.clone()
    }

    /// Looks at the sendings that lie between two moments altogether.
    pub(crate) fn between(&self, from: Duration, to: Duration) -> Vec<Sent> {
        let all = &self.lock().operations;
        let inside = |sent: &&Sent| sent.began >= from && sent.ended <= to;
        all.iter().flat_map(|operation| operation.sends.iter()).filter(inside).cloned().collect()
    }

    /// The same, of requests that had not been sent before: what had may have been stored, and is then recognised.
    pub(crate) fn fresh_between(&self, from: Duration, to: Duration) -> Vec<Sent> {
        let all = &self.lock().operations;
        let fresh = all.iter().filter(|operation| operation.sends.iter().all(|sent| sent.began >= from));
        fresh.flat_map(|operation| operation.sends.iter()).filter(|sent| sent.ended <= to).cloned().collect()
    }

    /// How many operations that began between two moments were given up before the second, with no answer to any sending.
    pub(crate) fn unanswered(&self, from: Duration, to: Duration) -> usize {
        let all = &self.lock().operations;
        let inside = |sent: &Sent| sent.began >= from && sent.ended <= to;
        let open = |sent: &Sent| matches!(sent.verdict, Verdict::Unknown(_));
        let unanswered = |sends: &[Sent]| sends.iter().all(|it| inside(it) && open(it));
        all.iter().filter(|operation| unanswered(&operation.sends)).count()
    }

    /// The longest time between two moments in which nobody was told OK.
    pub(crate) fn longest_silence(&self, from: Duration, to: Duration) -> Duration {
        let all = &self.lock().operations;
        let ended = all.iter().flat_map(|operation| &operation.sends).filter(|sent| sent.is_ok());
        let mut told: Vec<_> = ended.map(|sent| sent.ended).filter(|at| (from..=to).contains(at)).collect();
        told.push(to);
        told.sort_unstable();
        let since = std::iter::once(from).chain(told.iter().copied());
        told.iter().zip(since).map(|(at, before)| *at - before).max().unwrap_or_default()
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for operation in &self.lock().operations {
            counts.sends += operation.sends.len();
            match operation.conclusion() {
                Conclusion::Ok => counts.ok += 1,
                Conclusion::Failed => counts.failed += 1,
                Conclusion::Unknown => counts.unknown += 1,
            }
        }
        counts
    }
}

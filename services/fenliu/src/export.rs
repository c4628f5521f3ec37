//! `fenliu export`: a shop's history as lines of JSON, for [`crate::import`] of this fenliu or another, or for anybody.
//!
//! Events are asked for page by page and written as they come, so that memory does not grow with the history. The file is a
//! function of the history and of what is asked for: exported again, it begins with the same bytes, which is what lets
//! `--resume` go on where an export was cut off, or where the history ended then. `place` finds that.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use fenliu_domain::day::{Day, Zone};
use fenliu_domain::problem::Reason;
use fenliu_domain::time::Timestamp;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::accounts::v1::{GetShopRequest, Shop};
use fenliu_proto::convert::timestamp;
use fenliu_proto::dispatch::v1::ListEventsRequest;
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_proto::history::v1::Event;
use fenliu_runtime::channel::Outgoing;
use serde::Serialize;

use crate::cli::DEFAULT_DATA_DIR;
use crate::cli::export::ExportArgs;
use crate::moments;
use crate::output::Answer;
use crate::progress::Progress;
use crate::rates::Days;
use crate::recorded::fenliu_jsonl::{Codec, FORMAT, Header, VERSION};
use crate::target::{Otherwise, Refused, Target, asking, refused};

mod place;

use self::place::Place;

/// Events asked for at once: the most a page holds.
const PAGE_SIZE: i32 = 500;
/// What stands for standard output.
const STANDARD_OUTPUT: &str = "-";

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The shop.
    pub shop_id: String,
    /// Its name.
    pub display_name: String,
    /// The file, as it was named.
    pub file: String,
    /// Events written by this export.
    pub events: u64,
    /// The seq after which it began.
    pub after_seq: u64,
    /// The seq of the last event of the file; `after_seq` without any.
    pub last_seq: u64,
}

/// Runs `fenliu export`.
///
/// # Errors
/// When a day cannot be read, the file is there and not to be gone on with, or is of another export, or cannot be
/// written; when the shop does not exist, a part of what is asked for lies in the archive, or fenliu cannot be reached.
pub async fn export(args: &ExportArgs, json: bool) -> anyhow::Result<()> {
    Days::typed(args.from.as_deref(), args.to.as_deref())?;
    args.target.must_hold_data()?;
    let target = Target::open(&args.target, Otherwise::Directory(Path::new(DEFAULT_DATA_DIR))).await?;
    let exported = run(args, &target.channel()).await;
    target.close().await?;
    let exported = exported?;
    let answer = Answer::new(&exported, exported.told())?;
    if is_standard_output(&args.file) {
        // The answer is what went there; what is to be said of it goes elsewhere.
        eprint!("{}", answer.text());
        return Ok(());
    }
    answer.print(json)
}

fn is_standard_output(file: &Path) -> bool {
    file == Path::new(STANDARD_OUTPUT)
}

async fn run(args: &ExportArgs, channel: &Outgoing) -> anyhow::Result<Exported> {
    let request = GetShopRequest { shop_id: args.shop.clone() };
    let answer = ShopServiceClient::new(channel.clone()).get_shop(asking(request)).await.map_err(refused)?;
    let shop = answer.into_inner().shop.context("accounts left out the shop")?;
    let header = header(args, &shop);
    let range = Range::of(&header)?;
    if is_standard_output(&args.file) {
        anyhow::ensure!(
            !args.resume,
            "--resume needs a file to go on with; use --after with standard output"
        );
        let mut out = io::stdout().lock();
        place::begin(&header, &mut out)?;
        drop(out);
        return write_all(
            channel,
            header,
            range,
            Place { after: args.after, out: Box::new(io::stdout()) },
            args,
        )
        .await;
    }
    let place =
        if args.resume { Place::resume(&args.file, &header)? } else { Place::create(&args.file, &header)? };
    let file = args.file.display();
    let written = write_all(channel, header, range, place, args).await;
    written.with_context(|| format!("{file} ends early; go on with the same command and --resume"))
}

fn header(args: &ExportArgs, shop: &Shop) -> Header {
    Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        shop_id: shop.shop_id.clone(),
        display_name: shop.display_name.clone(),
        time_zone: shop.time_zone.clone(),
        after_seq: args.after,
        from: args.from.clone(),
        to: args.to.clone(),
    }
}

/// From the first moment of the first day to the first after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Range {
    fn of(header: &Header) -> anyhow::Result<Self> {
        let zone = Zone::parse(&header.time_zone)?;
        let day =
            |text: &Option<String>| text.as_deref().map(|text| moments::day(text, "the day")).transpose();
        let (from, to): (Option<Day>, Option<Day>) = (day(&header.from)?, day(&header.to)?);
        Ok(Self { from: from.map(|day| zone.start_of(day)), until: to.map(|day| zone.start_of(day.plus(1))) })
    }
}

async fn write_all(
    channel: &Outgoing,
    header: Header,
    range: Range,
    place: Place,
    args: &ExportArgs,
) -> anyhow::Result<Exported> {
    let mut history =
        History { client: HistoryServiceClient::new(channel.clone()), shop: header.shop_id.clone() };
    let begun = place.after;
    let mut after = match range.from {
        Some(from) => history.last_before(from, begun).await?,
        None => begun,
    };
    let codec = Codec::new()?;
    let progress = Progress::count("exporting");
    let mut out = BufWriter::new(place.out);
    let mut exported = Exported {
        shop_id: header.shop_id,
        display_name: header.display_name,
        file: args.file.display().to_string(),
        after_seq: after,
        last_seq: after,
        ..Exported::default()
    };
    let mut line = Vec::new();
    'pages: loop {
        let page = history.after(after, PAGE_SIZE).await?;
        if page.is_empty() {
            break;
        }
        for event in &page {
            if range.until.is_some_and(|until| recorded(event).is_ok_and(|at| at >= until)) {
                break 'pages;
            }
            line.clear();
            codec.write(event, &mut line)?;
            out.write_all(&line).context("cannot write")?;
            after = event.seq;
            exported.last_seq = after;
            exported.events += 1;
        }
        // Page by page, so that what is there when it is cut off is nearly all that was read.
        out.flush().context("cannot write")?;
        progress.advance(page.len() as u64);
    }
    out.flush().context("cannot write")?;
    progress.finish();
    Ok(exported)
}

fn recorded(event: &Event) -> anyhow::Result<Timestamp> {
    let time = event.recorded_time.as_ref().context("the history left out when an event was recorded")?;
    Ok(timestamp(time, "recorded_time")?)
}

/// The history of one shop.
struct History {
    client: HistoryServiceClient<Outgoing>,
    shop: String,
}

impl History {
    /// The next events after a seq, in order; none when there are no more.
    async fn after(&mut self, after_seq: u64, page_size: i32) -> anyhow::Result<Vec<Event>> {
        let request = ListEventsRequest {
            shop_id: self.shop.clone(),
            conversation_id: String::new(),
            page_size,
            page_token: String::new(),
            after_seq,
        };
        let page = self.client.list_events(asking(request)).await.map_err(refused)?.into_inner();
        page.events.into_iter().map(|stored| stored.event.context("the history left out an event")).collect()
    }

    /// The seq of the last event recorded before a moment, at least `begun`. A history never runs backwards, so that
    /// it is found in a few steps however long that is.
    async fn last_before(&mut self, moment: Timestamp, begun: u64) -> anyhow::Result<u64> {
        let mut low = begun;
        let mut step: u64 = 1;
        let mut high = loop {
            let probe = low.saturating_add(step);
            if !self.is_before(probe, moment).await? {
                break probe;
            }
            low = probe;
            step = step.saturating_mul(2);
        };
        // The event low is before the moment, or where it began; the event high is not, or there is none.
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.is_before(middle, moment).await? { low = middle } else { high = middle }
        }
        if low > begun {
            // Where it lies in the archive, nobody knows how much of what is asked for does so, too.
            self.after(low - 1, 1).await?;
        }
        Ok(low)
    }

    /// Whether there is an event with this seq, from 1, and it was recorded before a moment. What lies in the archive is
    /// older than all that does not, and is taken for what was before.
    async fn is_before(&mut self, seq: u64, moment: Timestamp) -> anyhow::Result<bool> {
        let found = match self.after(seq - 1, 1).await {
            Err(error) if Refused::is_for(&error, Reason::HistoryArchived.name()) => return Ok(true),
            found => found?,
        };
        Ok(found.first().map(recorded).transpose()?.is_some_and(|at| at < moment))
    }
}

impl Exported {
    fn told(&self) -> String {
        let Self { shop_id, display_name, file, events, after_seq, last_seq } = self;
        match events {
            0 => format!(
                "{display_name} ({shop_id}) has no events after {after_seq} in that range; {file} has the first line\n"
            ),
            _ => format!(
                "{events} events of {display_name} ({shop_id}) written to {file}, from {} to {last_seq}\n",
                after_seq + 1
            ),
        }
    }
}

#[cfg(test)]
mod tests;

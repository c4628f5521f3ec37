//! `fenliu roster`: who works when.
//!
//! `planning` imports, publishes and exports; `drafts` changes the draft, `rotating` by cycles of days; `contents` says
//! what a roster is made of and what differs between two, which `versions` lists; `week` gathers a week and [`chart`]
//! draws it; `exceptions` enters leave, swaps and extra duty; `shifts` reads shifts as they are typed.

use std::io::IsTerminal;

use fenliu_domain::day::{Day, Zone};
use fenliu_proto::accounts::v1::Shop;

use crate::cli::roster::RosterCommand;
use crate::client::Client;
use crate::output::Answer;
use crate::people::People;
use crate::shops;

pub mod chart;
mod contents;
mod drafts;
mod exceptions;
mod planning;
mod rotating;
pub mod shifts;
mod versions;
mod week;

use self::chart::Paint;

/// Where and among whom a command works.
#[derive(Debug)]
struct Place {
    shop: Shop,
    zone: Zone,
    people: People,
}

impl Place {
    async fn of(client: &Client) -> anyhow::Result<Self> {
        let shop = shops::get(&client.channel(), &client.shop()?).await?;
        let zone = Zone::parse(&shop.time_zone)?;
        let people = People::if_allowed(&client.channel(), &shop.shop_id).await?;
        Ok(Self { shop, zone, people })
    }

    fn id(&self) -> String {
        self.shop.shop_id.clone()
    }
}

/// Runs `fenliu roster`.
///
/// # Errors
/// Refusals, and arguments that make no sense.
pub async fn run(client: &Client, command: &RosterCommand) -> anyhow::Result<Answer> {
    // Presets are of no shop in particular.
    if matches!(command, RosterCommand::Presets) {
        return drafts::presets(client).await;
    }
    let place = Place::of(client).await?;
    match command {
        RosterCommand::Presets => drafts::presets(client).await,
        RosterCommand::Import(args) => planning::import(client, &place, args).await,
        RosterCommand::Draft(args) => drafts::draft(client, &place, args).await,
        RosterCommand::Rotate(args) => drafts::rotate(client, &place, args).await,
        RosterCommand::Plan(args) => versions::plan(client, &place, args).await,
        RosterCommand::Diff(args) => versions::diff(client, &place, args).await,
        RosterCommand::Versions => versions::list(client, &place).await,
        RosterCommand::Publish(args) => planning::publish(client, &place, args).await,
        RosterCommand::Show(args) => week::show(client, &place, args, paint()).await,
        RosterCommand::Export(args) => planning::export(client, &place, args).await,
        RosterCommand::Leave(args) => exceptions::leave(client, &place, args).await,
        RosterCommand::Swap(args) => exceptions::swap(client, &place, args).await,
        RosterCommand::Extra(args) => exceptions::extra(client, &place, args).await,
        RosterCommand::Answer(args) => exceptions::answer(client, &place, args).await,
        RosterCommand::Cancel(args) => exceptions::cancel(client, &place, args).await,
        RosterCommand::Exceptions(args) => exceptions::list(client, &place, args).await,
    }
}

/// Draws one day as the draft would have it.
///
/// # Errors
/// Refusals.
pub async fn draw_draft(client: &Client, day: Day) -> anyhow::Result<String> {
    let place = Place::of(client).await?;
    let gathered = week::gather(client, &place, day, 1, true).await?;
    Ok(chart::draw(&gathered.chart, paint()))
}

/// Colours for a terminal whose owner has nothing against them (<https://no-color.org>).
fn paint() -> Paint {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stdout().is_terminal() && !unwanted { Paint::Colours } else { Paint::Plain }
}

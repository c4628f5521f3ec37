//! What a desk takes of memory: per agent, per open conversation, and per buyer who is remembered when it is over.
//!
//! `cargo bench -p fenliu-domain --bench memory` prints the bytes its desk has asked the allocator for.

use fenliu_domain::desk::Desk;
use peak_alloc::PeakAlloc;
use shop::{SHOP, Shop};

mod shop;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Conversations open on each desk compared.
const OPEN: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Conversations for each agent of these desks: half of what they may hold.
const OPEN_PER_AGENT: u64 = 100;
/// Agents online on each desk compared.
const AGENTS: [u32; 4] = [10, 100, 1_000, 10_000];

/// Bytes that a desk holds after some work, without what the benchmark keeps beside it.
fn bytes(agents: u32, work: impl FnOnce(&mut Shop<Desk>)) -> usize {
    let mut shop = Shop::new(Desk::new(SHOP), agents, 0);
    work(&mut shop);
    let desk = shop.reception;
    let with = ALLOCATOR.current_usage();
    drop(desk);
    with - ALLOCATOR.current_usage()
}

fn main() {
    let empty = bytes(0, |_| ());
    println!("{:>10} {:>12}", "agents", "bytes each");
    for agents in AGENTS {
        println!(
            "{agents:>10} {:>12}",
            (bytes(agents, |_| ()) - empty) / usize::try_from(agents).expect("fits")
        );
    }
    println!(
        "{:>10} {:>12} {:>22} {:>18}",
        "open", "bytes each", "its buyer, remembered", "beside the buyer"
    );
    for open in OPEN {
        let agents = u32::try_from(open / OPEN_PER_AGENT).expect("fits");
        let staffed = bytes(agents, |_| ());
        let each = |bytes: usize| (bytes - staffed) / usize::try_from(open).expect("fits");
        let talking = each(bytes(agents, |shop| (0..open).for_each(|_| shop.begin())));
        let gone = each(bytes(agents, |shop| shop.serve(open)));
        println!("{open:>10} {talking:>12} {gone:>22} {:>18}", talking.saturating_sub(gone));
    }
}

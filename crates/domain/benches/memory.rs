//! What a desk takes of memory, per agent and per open conversation.
//!
//! `cargo bench -p fenliu-domain --bench memory` prints the bytes its desk has asked the allocator for.

use peak_alloc::PeakAlloc;
use shop::Shop;

mod shop;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Conversations open on each desk compared.
const OPEN: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Agents online on each desk compared.
const AGENTS: [u32; 4] = [10, 100, 1_000, 10_000];

/// Bytes that a desk holds, without what the benchmark keeps beside it.
fn bytes(agents: u32, open: u64) -> usize {
    let desk = Shop::new(agents, open).desk;
    let with = ALLOCATOR.current_usage();
    drop(desk);
    with - ALLOCATOR.current_usage()
}

fn main() {
    let empty = bytes(0, 0);
    println!("{:>10} {:>16}", "agents", "bytes each");
    for agents in AGENTS {
        println!("{agents:>10} {:>16}", (bytes(agents, 0) - empty) / usize::try_from(agents).expect("fits"));
    }
    let staffed = bytes(10_000, 0);
    println!("{:>10} {:>16}", "open", "bytes each");
    for open in OPEN {
        println!("{open:>10} {:>16}", (bytes(10_000, open) - staffed) / usize::try_from(open).expect("fits"));
    }
}

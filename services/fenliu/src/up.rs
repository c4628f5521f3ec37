//! `fenliu up`: everything in this process, until a signal ends it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::Context;
use fenliu_runtime::lifecycle::{Lifecycle, shutdown_on_signals};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, listen};

use crate::cli::UpArgs;
use crate::config::Config;
use crate::embedded::{Embedded, Options, Stores};
use crate::output::say;

/// Runs `fenliu up`.
///
/// # Errors
/// When it cannot listen, the directory is in use, a store cannot be opened, or the server fails.
pub async fn up(args: &UpArgs, config: Config, json: bool) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::new();
    shutdown_on_signals(&lifecycle).context("cannot watch for signals")?;
    let insecure_no_auth = args.insecure_no_auth || config.server.insecure_no_auth;
    let server = ServerConfig { insecure_no_auth, ..config.server };
    let listener = listen(&server).await?;
    let platform = Platform::system(lifecycle);
    let name = format!("owner-{:08x}", platform.ids.next_bits() & 0xffff_ffff);
    let Config { database, history, live, alerts, scoring, webhook, .. } = config;
    let stores = Stores { database, history, live, alerts, scoring, webhook };
    let data_dir = args.data_dir.clone();
    let embedded = Embedded::start(Options { data_dir, stores, listener, platform, server }).await?;
    let address = reachable(embedded.address());
    let token_file = Some(embedded.admin_token_file()).filter(|_| !insecure_no_auth);
    if json {
        say(&format!(
            "{}\n",
            serde_json::json!({
                "ready": true,
                "address": address.to_string(),
                "data_dir": args.data_dir,
                "token_file": token_file,
                "process": std::process::id(),
            })
        ))?;
    } else {
        let data_dir = args.data_dir.display();
        say(&format!(
            "fenliu serves at {address}, its data is in {data_dir}\n\n{}",
            first_steps(address, &name, token_file)
        ))?;
    }
    embedded.ended().await
}

/// Calls to begin with, to be pasted into a shell as they are. They show the token in that file, if there is one.
#[must_use]
pub fn first_steps(address: SocketAddr, login_name: &str, token_file: Option<&Path>) -> String {
    let body = serde_json::json!({
        "request_id": format!("first-{login_name}"),
        "display_name": "Tea House",
        "main_account_login_name": login_name,
    });
    // In the environment of one command, and not among its arguments, which everybody on the machine can read.
    let (token, header) = token_file.map_or_else(Default::default, |file| {
        let file = file.display().to_string().replace('\'', r"'\''");
        let header = " -expand-headers -H 'authorization: Bearer ${TOKEN}'".to_owned();
        (format!("TOKEN=$(cat '{file}') "), header)
    });
    format!(
        "grpcurl -plaintext {address} list\n\
         grpcurl -plaintext {address} describe fenliu.dispatch.v1.ReceptionService\n\
         {token}grpcurl -plaintext{header} -d '{body}' {address} fenliu.accounts.v1.ShopService/CreateShop\n"
    )
}

/// The address a caller on this machine uses: one that stands for all addresses is reached through loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_steps_can_be_pasted() {
        let address = SocketAddr::from(([127, 0, 0, 1], 50_050));
        let token_file = Some(Path::new("fenliu-data/admin.token"));
        insta::assert_snapshot!(first_steps(address, "owner-0000002a", token_file));
    }

    #[test]
    fn an_address_that_stands_for_all_is_reached_through_loopback() {
        assert_eq!(reachable(SocketAddr::from(([0, 0, 0, 0], 7))).to_string(), "127.0.0.1:7");
        assert_eq!(reachable(SocketAddr::from(([10, 0, 0, 1], 7))).to_string(), "10.0.0.1:7");
    }
}

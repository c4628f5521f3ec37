//! `fenliu login` and `fenliu shop`: what can be asked for.

use clap::{Args, Subcommand};

use super::{ClientArgs, PasswordArgs};

/// How to run `fenliu login`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "The session is kept in $XDG_CONFIG_HOME/fenliu/session.json, readable by you only; \
                        FENLIU_SESSION names another file.")]
pub struct LoginArgs {
    /// The fenliu to sign in to, such as 127.0.0.1:50050.
    #[arg(long, value_name = "ADDRESS")]
    pub connect: String,
    /// The login name.
    #[arg(long, value_name = "LOGIN")]
    pub name: String,
    /// The shop to sign in to, shp_…; without it the account's home.
    #[arg(long, value_name = "SHOP")]
    pub shop: Option<String>,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,
}

/// How to run `fenliu password`.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ChangePasswordArgs {
    /// Read the password so far, and then the new one, from the first two lines of standard input, instead of asking
    /// for them.
    #[arg(long)]
    pub password_stdin: bool,
}

/// How to run `fenliu shop`.
#[derive(Clone, Debug, Args)]
pub struct ShopArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ShopCommand,
    /// Which fenliu to ask, and as whom.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What can be done with shops.
#[derive(Clone, Debug, Subcommand)]
pub enum ShopCommand {
    /// Create a shop and the account that owns it. This takes a token of the platform.
    Create(CreateShopArgs),
    /// List all shops. This takes a token of the platform.
    List,
    /// Show one shop.
    Show,
    /// Change a shop's name, zone or service window.
    Update(UpdateShopArgs),
}

/// How to create a shop.
#[derive(Clone, Debug, Args)]
pub struct CreateShopArgs {
    /// The name people see.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Login name of its main account, who owns it.
    #[arg(long, value_name = "LOGIN")]
    pub owner: String,
    /// IANA time zone.
    #[arg(long, value_name = "ZONE", default_value = "Asia/Shanghai")]
    pub zone: String,
    /// When it serves, by its own clock; 24:00 ends a day.
    #[arg(long, value_name = "HH:MM-HH:MM", default_value = "08:00-23:00")]
    pub service: String,
    /// The owner cannot sign in until a password is set with `fenliu agent reset-password`.
    #[arg(long, conflicts_with = "password_stdin")]
    pub no_password: bool,
    /// Where the owner's password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,
}

/// What to change of a shop; what is not named stays.
#[derive(Clone, Debug, Default, Args)]
#[command(group = clap::ArgGroup::new("changes").required(true).multiple(true).args(["name", "zone", "service"]))]
pub struct UpdateShopArgs {
    /// The name people see.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// IANA time zone; a roster in force goes on in it from now on.
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// When it serves, by its own clock; 24:00 ends a day.
    #[arg(long, value_name = "HH:MM-HH:MM")]
    pub service: Option<String>,
}

//! `orlo token`: creates, lists and revokes tokens.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use entity::{Timestamp, TokenScope};
use serde_json::json;

use super::database;
use crate::config::DatabaseArgs;
use crate::service::clock::SystemClock;
use crate::service::token::{self, NewToken, Token, scope_name};
use crate::service::{Database, Error, Service, Settings, time};

/// What to do with tokens.
#[derive(Args, Debug)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a token and print its secret, which is shown this once
    Create {
        /// What it is called, e.g. jenkins: what is recorded with it is told to come from there
        name: String,
        /// What it allows
        #[arg(long, value_name = "SCOPE")]
        scope: Scope,
        /// For how long it works, e.g. 90d; for ever unless given
        #[arg(long, value_parser = humantime::parse_duration, value_name = "DURATION")]
        expires: Option<Duration>,
        /// Who is behind it: the user of releases that name none
        #[arg(long, value_name = "NAME")]
        person: Option<String>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List all tokens, without their secrets
    List {
        /// The form of the list
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Revoke a token, which stops working at once
    Revoke {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        name: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// What a token allows.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scope {
    /// To ask questions
    Read,
    /// To record as well
    Write,
    /// To correct and delete as well
    Admin,
}

impl From<Scope> for TokenScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
            Scope::Admin => Self::Admin,
        }
    }
}

/// The forms of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    Text,
    /// One JSON object per line for machines
    Json,
}

/// Does what was asked for.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    match options.action {
        Action::Create {
            name,
            scope,
            expires: lifetime,
            person,
            database,
        } => {
            let scope = scope.into();
            let new = NewToken {
                name,
                scope,
                person,
                lifetime,
            };
            let opened = database::open(&database).await?;
            with_service(opened, async |service| create(service, new).await).await?;
        }
        Action::List { format, database } => {
            let opened = database::open_existing(&database).await?;
            with_service(opened, async |service| list(service, format).await).await?;
        }
        Action::Revoke { name, database } => {
            let opened = database::open_existing(&database).await?;
            with_service(opened, async |service| revoke(service, &name).await).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn with_service(
    database: Database,
    work: impl AsyncFnOnce(&Service) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let service = Service::new(database, Settings::default(), Arc::new(SystemClock));
    let done = work(&service).await;
    service.database.close().await?;
    done
}

/// The secret alone goes to standard output, so that a script can keep it.
async fn create(service: &Service, new: NewToken) -> anyhow::Result<()> {
    let created = token::create(service, new).await;
    let (token, secret) = created.map_err(explain)?;
    writeln!(io::stdout(), "{}", secret.reveal())?;
    let end = token.expires_at.map(time::format);
    let end = end.map_or_else(|| "for ever".to_owned(), |end| format!("until {end}"));
    let (name, scope) = (&token.name, scope_name(token.scope));
    super::say(&format!(
        "{name} may {scope} {end}. This is the only time that its secret is shown."
    ));
    Ok(())
}

async fn revoke(service: &Service, name: &str) -> anyhow::Result<()> {
    let token = token::revoke(service, name).await.map_err(explain)?;
    let (name, id) = (&token.name, token.id);
    super::say(&format!("{name} ({id}) does not work any more."));
    Ok(())
}

/// A refusal as one line for the person who asked.
fn explain(error: Error) -> anyhow::Error {
    let Error::Refused(errors) = error else {
        return anyhow::Error::new(error).context("the database failed");
    };
    let lines = errors.iter().map(|error| {
        let place = error.field.join(".");
        format!("{place} {}", error.message).trim().to_owned()
    });
    anyhow::anyhow!(lines.collect::<Vec<_>>().join("; "))
}

async fn list(service: &Service, format: Format) -> anyhow::Result<()> {
    let tokens = token::list(service).await?;
    let text = match format {
        Format::Text => table(service, &tokens),
        Format::Json => tokens.iter().map(|token| line(service, token)).collect(),
    };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => bail!(error),
        _ => Ok(()),
    }
}

fn line(service: &Service, token: &Token) -> String {
    let object = json!({
        "id": token.id,
        "name": token.name,
        "scope": scope_name(token.scope),
        "person": token.person,
        "state": state(service, token),
        "createdAt": time::format(token.created_at),
        "expiresAt": token.expires_at.map(time::format),
        "lastUsedAt": token.last_used_at.map(time::format),
        "revokedAt": token.revoked_at.map(time::format),
    });
    format!("{object}\n")
}

fn table(service: &Service, tokens: &[Token]) -> String {
    let time = |time: Option<Timestamp>| {
        time.map_or_else(
            || "never".to_owned(),
            |time| time.0.format("%Y-%m-%d %H:%M").to_string(),
        )
    };
    let head = [
        "NAME",
        "SCOPE",
        "STATE",
        "PERSON",
        "CREATED",
        "LAST USED",
        "EXPIRES",
        "ID",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(tokens.iter().map(|token| {
        [
            token.name.clone(),
            scope_name(token.scope).to_owned(),
            state(service, token).to_owned(),
            token.person.clone().unwrap_or_default(),
            time(Some(token.created_at)),
            time(token.last_used_at),
            time(token.expires_at),
            token.id.to_string(),
        ]
    }));
    let mut widths = [0; 8];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    });
    lines.collect()
}

/// Whether a token works, and why not.
fn state(service: &Service, token: &Token) -> &'static str {
    if token.revoked_at.is_some() {
        "revoked"
    } else if token::is_living(service, token) {
        "works"
    } else {
        "expired"
    }
}

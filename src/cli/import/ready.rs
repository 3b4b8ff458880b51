//! Making parts ready while earlier ones are stored.

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::reading::{Part, ReadRow};
use crate::service::error::{Path, Result, UserError};
use crate::service::interchange::References;
use crate::service::interchange::stream::ReadError;
use crate::service::record::import::{Batch, BatchRow};
use crate::service::{Caller, Service};

/// Parts that are ready and wait for the database at most.
const WAITING: usize = 1;

/// The parts of a file in their order.
pub type ReadyParts = Receiver<Result<Next>>;

/// The line of each release of a part, and its references.
pub type Rests = Vec<(u64, References)>;

/// What comes next.
pub enum Next {
    /// Releases.
    Part(Box<ReadyPart>),
    /// Nothing more, or nothing more can be read.
    End(std::result::Result<(), ReadError>),
}

/// A part that is ready to be stored.
pub struct ReadyPart {
    pub batch: Batch,
    pub rests: Rests,
    /// The lines that cannot be read, and why.
    pub unreadable: Vec<(u64, Vec<UserError>)>,
    /// The names of fields that mean nothing, release by release.
    pub ignored: Vec<Vec<String>>,
}

/// Makes `parts` ready, one after the other.
pub fn start(service: &Service, caller: &Caller, parts: Receiver<Part>) -> ReadyParts {
    let (sender, receiver) = channel(WAITING);
    tokio::spawn(make_all(service.clone(), caller.clone(), parts, sender));
    receiver
}

async fn make_all(
    service: Service,
    caller: Caller,
    mut parts: Receiver<Part>,
    sender: Sender<Result<Next>>,
) {
    while let Some(part) = parts.recv().await {
        let next = match part {
            Part::Rows(rows) => make(&service, &caller, rows)
                .await
                .map(|part| Next::Part(Box::new(part))),
            Part::End(end) => Ok(Next::End(end)),
        };
        // Where nobody receives any more, the import has failed and said so.
        if sender.send(next).await.is_err() {
            break;
        }
    }
}

async fn make(service: &Service, caller: &Caller, rows: Vec<ReadRow>) -> Result<ReadyPart> {
    let (mut readable, mut rests) = (Vec::new(), Vec::new());
    let (mut unreadable, mut ignored) = (Vec::new(), Vec::new());
    for row in rows {
        match row.release {
            Ok(read) => {
                ignored.push(read.unknown);
                rests.push((row.line, read.references));
                readable.push(BatchRow {
                    release: read.release,
                    restored: read.restored,
                    path: Path::default(),
                });
            }
            Err(errors) => unreadable.push((row.line, errors)),
        }
    }
    let batch = Batch::check(service, readable);
    batch.prepare(service, caller).await?;
    Ok(ReadyPart {
        batch,
        rests,
        unreadable,
        ignored,
    })
}

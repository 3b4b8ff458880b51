//! Recording what was read, part by part.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Context;
use sea_orm::{DatabaseTransaction, DbBackend};
use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout_at};

use super::reading::Part;
use super::ready::{self, Next, ReadyPart, ReadyParts, Rests};
use super::report::Report;
use super::resolving::Resolver;
use crate::service::database::{Bulk, Transaction};
use crate::service::error::{Error, Result};
use crate::service::interchange::References;
use crate::service::record::import::{Batch, ImportMode, ImportOutcome, Keys};
use crate::service::{Caller, Service};

/// Records everything that comes, and tells of it.
pub async fn run(
    service: &Service,
    caller: &Caller,
    parts: Receiver<Part>,
    mode: ImportMode,
    report: Report,
) -> anyhow::Result<Report> {
    let recorder = Recorder {
        service,
        caller,
        report,
        resolver: Resolver::default(),
        is_at_end: false,
    };
    let parts = ready::start(service, caller, parts);
    let recorded = if mode.atomic || mode.dry_run {
        recorder.run_in_one(parts, mode).await
    } else {
        recorder.run_in_parts(parts).await
    };
    recorded.context("the database failed")
}

/// How many parts PostgreSQL stores at once.
const LANES: usize = 2;

/// After how long what was stored is kept, on SQLite: meanwhile nobody else can write, and the pages
/// that every part changes are written once.
const KEPT_AFTER: Duration = Duration::from_secs(1);

struct Recorder<'a> {
    service: &'a Service,
    caller: &'a Caller,
    report: Report,
    resolver: Resolver,
    is_at_end: bool,
}

/// A part that is being stored.
struct Storing {
    keys: Keys,
    rests: Rests,
    outcome: JoinHandle<Result<ImportOutcome>>,
}

impl Recorder<'_> {
    /// Keeps everything that is sound.
    async fn run_in_parts(mut self, mut parts: ReadyParts) -> Result<Report> {
        if self.service.database.backend() == DbBackend::Sqlite {
            self.store_in_turn(&mut parts).await?;
        } else {
            self.store_at_once(&mut parts).await?;
        }
        let (resolver, service, caller) = (&self.resolver, self.service, self.caller);
        if !resolver.is_empty() {
            service
                .database
                .write(move |tx| async move { resolver.resolve(&tx, caller, service.now()).await })
                .await?;
        }
        Ok(self.report)
    }

    /// Keeps everything or nothing.
    async fn run_in_one(mut self, mut parts: ReadyParts, mode: ImportMode) -> Result<Report> {
        let transaction = self.service.database.begin().await?;
        if let Err(error) = self.store_all(&transaction, &mut parts).await {
            transaction.rollback().await?;
            return Err(error);
        }
        if mode.dry_run || self.report.has_refused() {
            transaction.rollback().await?;
        } else {
            transaction.commit().await?;
        }
        Ok(self.report)
    }

    async fn store_all(
        &mut self,
        transaction: &DatabaseTransaction,
        parts: &mut ReadyParts,
    ) -> Result<()> {
        while let Some(part) = self.next(parts).await? {
            self.store(transaction, part).await?;
        }
        let now = self.service.now();
        self.resolver.resolve(transaction, self.caller, now).await
    }

    async fn store(&mut self, tx: &DatabaseTransaction, part: ReadyPart) -> Result<()> {
        let now = self.service.now();
        let outcome = part.batch.store(tx, self.caller, now).await?;
        self.note(&part.rests, &outcome);
        Ok(())
    }

    /// Stores one part after the other, several in one transaction.
    async fn store_in_turn(&mut self, parts: &mut ReadyParts) -> Result<()> {
        let mut bulk = self.service.database.bulk()?;
        let stored = self.store_each(bulk.as_mut(), parts).await;
        if let Some(bulk) = bulk {
            bulk.close().await;
        }
        stored
    }

    async fn store_each(
        &mut self,
        mut bulk: Option<&mut Bulk>,
        parts: &mut ReadyParts,
    ) -> Result<()> {
        while let Some(first) = self.next(parts).await? {
            let rest = match &mut bulk {
                Some(bulk) => self.store_new(bulk, first, parts).await?,
                None => Some((first, KEPT_AFTER)),
            };
            let Some(rest) = rest else {
                continue;
            };
            let transaction = self.service.database.begin().await?;
            if let Err(error) = self.store_some(&transaction, rest, parts).await {
                transaction.rollback().await?;
                return Err(error);
            }
            transaction.commit().await?;
        }
        Ok(())
    }

    /// Stores parts as long as all of their releases are new. Returns the first that has others, and for how
    /// long those after it are likely to have them too.
    async fn store_new(
        &mut self,
        bulk: &mut Bulk,
        first: ReadyPart,
        parts: &mut ReadyParts,
    ) -> Result<Option<(ReadyPart, Duration)>> {
        let mut end = None;
        let mut next = Some(first);
        let mut rest = None;
        while let Some(part) = next {
            let was_ready = part.batch.is_ready();
            let Some(outcome) = part.batch.store_in_bulk(bulk).await? else {
                let likely = if was_ready {
                    KEPT_AFTER
                } else {
                    Duration::ZERO
                };
                rest = Some((part, likely));
                break;
            };
            self.note(&part.rests, &outcome);
            // From when others have to wait.
            let end = *end.get_or_insert_with(|| Instant::now() + KEPT_AFTER);
            next = self.next_until(end, parts).await?;
        }
        bulk.commit().await?;
        Ok(rest)
    }

    async fn store_some(
        &mut self,
        transaction: &DatabaseTransaction,
        (first, time): (ReadyPart, Duration),
        parts: &mut ReadyParts,
    ) -> Result<()> {
        let end = Instant::now() + time;
        self.store(transaction, first).await?;
        while let Some(part) = self.next_until(end, parts).await? {
            self.store(transaction, part).await?;
        }
        Ok(())
    }

    /// The next part if it comes before `end`: nobody is kept from writing while the file gives nothing
    /// more.
    async fn next_until(
        &mut self,
        end: Instant,
        parts: &mut ReadyParts,
    ) -> Result<Option<ReadyPart>> {
        if Instant::now() >= end {
            return Ok(None);
        }
        timeout_at(end, self.next(parts)).await.unwrap_or(Ok(None))
    }

    /// Stores several parts at once, each in a transaction of its own. Those that tell of the same
    /// releases come in their order.
    async fn store_at_once(&mut self, parts: &mut ReadyParts) -> Result<()> {
        let mut storing = VecDeque::new();
        while let Some(ReadyPart { batch, rests, .. }) = self.next(parts).await? {
            let keys = batch.keys();
            let must_wait = |it: &Storing| it.keys.meet(&keys);
            while storing.len() == LANES || storing.iter().any(must_wait) {
                self.finish(&mut storing).await?;
            }
            let (service, caller) = (self.service.clone(), self.caller.clone());
            storing.push_back(Storing {
                keys,
                rests,
                outcome: tokio::spawn(store(service, caller, batch)),
            });
        }
        while !storing.is_empty() {
            self.finish(&mut storing).await?;
        }
        Ok(())
    }

    /// Notes what became of the first part that is being stored. Where that failed, the others are
    /// waited for.
    async fn finish(&mut self, storing: &mut VecDeque<Storing>) -> Result<()> {
        let Some(first) = storing.pop_front() else {
            return Ok(());
        };
        let stored = self.finish_one(first).await;
        if stored.is_err() {
            for part in storing.drain(..) {
                // Of the failures the first is told.
                let _ = self.finish_one(part).await;
            }
        }
        stored
    }

    async fn finish_one(&mut self, part: Storing) -> Result<()> {
        let outcome = part.outcome.await.map_err(|error| cut_short(&error))??;
        self.note(&part.rests, &outcome);
        Ok(())
    }

    /// The next part; what it says beside its releases is told. None at the end.
    async fn next(&mut self, parts: &mut ReadyParts) -> Result<Option<ReadyPart>> {
        if self.is_at_end {
            return Ok(None);
        }
        let next = parts.recv().await.transpose()?;
        self.is_at_end = !matches!(next, Some(Next::Part(_)));
        match next {
            Some(Next::Part(part)) => {
                for unknown in &part.ignored {
                    self.report.ignored(unknown);
                }
                for (line, errors) in &part.unreadable {
                    self.report.refused(*line, errors);
                }
                Ok(Some(*part))
            }
            Some(Next::End(end)) => {
                self.report.end(end);
                Ok(None)
            }
            None => {
                self.report.cut_off();
                Ok(None)
            }
        }
    }

    fn note(&mut self, rests: &[(u64, References)], outcome: &ImportOutcome) {
        for row in &outcome.rows {
            let Some((line, references)) = rests.get(row.index) else {
                continue;
            };
            self.report.row(*line, row);
            if let Some(release) = &row.release {
                self.resolver.note(references, release.id, row.created);
            }
        }
    }
}

async fn store(service: Service, caller: Caller, batch: Batch) -> Result<ImportOutcome> {
    let (batch, caller, clock) = (&batch, &caller, &service);
    let work = move |tx: Transaction| async move { batch.store(&tx, caller, clock.now()).await };
    service.database.write(work).await
}

fn cut_short(error: &JoinError) -> Error {
    Error::Corrupt(format!("a part was not finished: {error}"))
}

//! Recording what was read, part by part.

use anyhow::Context;
use sea_orm::DatabaseTransaction;
use tokio::sync::mpsc::Receiver;

use super::reading::{Part, ReadRow};
use super::report::Report;
use super::resolving::Resolver;
use crate::service::error::{Path, Result};
use crate::service::interchange::References;
use crate::service::record::import::{Batch, BatchRow, ImportMode, ImportOutcome};
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
    };
    let recorded = if mode.atomic || mode.dry_run {
        recorder.run_in_one(parts, mode).await
    } else {
        recorder.run_in_parts(parts).await
    };
    recorded.context("the database failed")
}

struct Recorder<'a> {
    service: &'a Service,
    caller: &'a Caller,
    report: Report,
    resolver: Resolver,
}

impl Recorder<'_> {
    /// Keeps every part by itself.
    async fn run_in_parts(mut self, mut parts: Receiver<Part>) -> Result<Report> {
        while let Some(rows) = self.next(&mut parts).await {
            let (batch, rows) = self.check(rows);
            let (batch, service, caller) = (&batch, self.service, self.caller);
            let outcome = service
                .database
                .write(move |tx| async move { batch.store(&tx, caller, service.now()).await })
                .await?;
            self.note(&rows, &outcome);
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
    async fn run_in_one(mut self, mut parts: Receiver<Part>, mode: ImportMode) -> Result<Report> {
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
        parts: &mut Receiver<Part>,
    ) -> Result<()> {
        while let Some(rows) = self.next(parts).await {
            let (batch, rows) = self.check(rows);
            let now = self.service.now();
            let outcome = batch.store(transaction, self.caller, now).await?;
            self.note(&rows, &outcome);
        }
        let now = self.service.now();
        self.resolver.resolve(transaction, self.caller, now).await
    }

    /// The next releases; none at the end.
    async fn next(&mut self, parts: &mut Receiver<Part>) -> Option<Vec<ReadRow>> {
        match parts.recv().await {
            Some(Part::Rows(rows)) => Some(rows),
            Some(Part::End(end)) => {
                self.report.end(end);
                None
            }
            None => {
                self.report.cut_off();
                None
            }
        }
    }

    /// Checks the releases of a part; those that cannot be read are told at once. The line and
    /// the references of the others are for when they are stored.
    fn check(&mut self, rows: Vec<ReadRow>) -> (Batch, Vec<(u64, References)>) {
        let (mut checked, mut rests) = (Vec::new(), Vec::new());
        for row in rows {
            match row.release {
                Ok(read) => {
                    self.report.ignored(&read.unknown);
                    rests.push((row.line, read.references));
                    checked.push(BatchRow {
                        release: read.release,
                        restored: read.restored,
                        path: Path::default(),
                    });
                }
                Err(errors) => self.report.refused(row.line, &errors),
            }
        }
        (Batch::check(self.service, checked), rests)
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

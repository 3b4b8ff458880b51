//! DORA's metrics of software delivery: how often, how fast, how well, how soon mended.
//!
//! The metrics are those of <https://dora.dev/guides/dora-metrics/>; what exactly is counted is
//! told in `docs/questions.md`. `fact.rs` and `rollback.rs` find out what became of each package,
//! `unit.rs` what that makes of releases, and `point.rs` counts.

mod fact;
mod point;
mod rollback;
mod unit;

use entity::row::Columns;
use entity::{Timestamp, package};
use sea_orm::sea_query::{BinOper, Expr, ExprTrait, Query};
use sea_orm::{EntityTrait, QueryFilter, QueryTrait};

pub use self::point::{DoraPoint, Frequency, LeadTime, Rate, RecoveryTime};
use super::CountUnit;
use super::calendar::{Bucket, Interval, Zone, buckets, check_order};
use crate::service::filter::PackageFilter;
use crate::service::page::{self, Direction, Key, Order, Page, PageArgs, ValueKind};
use crate::service::{Result, Service, sql};

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct DoraQuestion {
    /// What happened before does not count.
    pub from: Timestamp,
    /// What happened then or later does not count; now when missing.
    pub to: Option<Timestamp>,
    /// Only what went to these platforms; everything when missing.
    pub platforms: Option<Vec<String>>,
    /// Only packages like this.
    pub filter: PackageFilter,
    /// Whether packages or releases are counted.
    pub count_by: CountUnit,
    /// How long a bucket of the series is.
    pub interval: Interval,
    /// Whose clocks say where days and buckets begin.
    pub zone: Zone,
    /// Whether a deployment that failed is a failed change by itself.
    pub count_failed_deployments: bool,
}

impl DoraQuestion {
    /// The window: from, and up to but without.
    fn window(&self, service: &Service) -> Result<(Timestamp, Timestamp)> {
        let to = self.to.unwrap_or_else(|| service.now());
        check_order(self.from, to)?;
        Ok((self.from, to))
    }
}

/// The metrics of the whole window.
///
/// # Errors
/// When the question makes no sense, or the database fails.
pub async fn total(service: &Service, question: &DoraQuestion) -> Result<DoraPoint> {
    let (start, end) = question.window(service)?;
    let whole = [Bucket { start, end }];
    let points = point::points(service, question, (start, end), &whole).await?;
    Ok(points
        .into_iter()
        .next()
        .unwrap_or_else(|| DoraPoint::empty(whole[0])))
}

/// The metrics of each bucket of the window, oldest first.
///
/// # Errors
/// When the question makes no sense, there are too many buckets, or the database fails.
pub async fn series(service: &Service, question: &DoraQuestion) -> Result<Vec<DoraPoint>> {
    let (from, to) = question.window(service)?;
    let buckets = buckets(question.zone, question.interval, from, to)?;
    point::points(service, question, (from, to), &buckets).await
}

/// The packages behind the change fail rate of the whole window, the latest first.
///
/// # Errors
/// When the question or the page make no sense, or the database fails.
pub async fn failed(
    service: &Service,
    question: &DoraQuestion,
    args: PageArgs,
) -> Result<Page<package::Model>> {
    let time = Key::column(
        "package",
        "effective_at",
        ValueKind::Integer,
        Direction::Desc,
    );
    let order = Order::new(
        "failed deployments",
        [time],
        Key::id("package", Direction::Desc),
    );
    let query = failures(service, question).await?;
    page::fetch(service, (query, Columns::ALL), &order, &args).await
}

/// How many packages are behind the change fail rate of the whole window.
///
/// # Errors
/// When the question makes no sense, or the database fails.
pub async fn failed_count(service: &Service, question: &DoraQuestion) -> Result<u64> {
    sql::count(service, failures(service, question).await?).await
}

async fn failures(
    service: &Service,
    question: &DoraQuestion,
) -> Result<sea_orm::sea_query::SelectStatement> {
    let window = question.window(service)?;
    let layers = fact::layers(service, question, window).await?;
    let whole = Bucket {
        start: window.0,
        end: window.1,
    };
    let changes = Query::select()
        .column("unit_id")
        .from_subquery(unit::units(question, window, &[whole]), "units")
        .and_where(Expr::cust("is_change_failure = 1"))
        .take();
    let unit_of = match question.count_by {
        CountUnit::Packages => "package_id",
        CountUnit::Releases => "release_id",
    };
    // Said in this way PostgreSQL looks each up in a table of hashes. Left to itself it takes both
    // sides to be short, and compares all with all.
    let is_change = Expr::col(unit_of).in_subquery(changes);
    let is_change = is_change.binary(BinOper::Is, sql::always());
    let ids = Query::select()
        .column("package_id")
        .from(fact::FACT)
        .and_where(Expr::cust("is_failure = 1"))
        .and_where(is_change)
        .with_cte(layers)
        .take();
    Ok(package::Entity::find()
        .filter(sql::column("package", "id").in_subquery(ids))
        .into_query())
}

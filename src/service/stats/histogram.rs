//! Statistics by a part of the calendar.

use sea_orm::sea_query::Expr;

use super::calendar::{DAY, Zone};
use super::facts::{Facts, TIME};
use super::group::{Group, Grouping, fill, sort};
use super::part::{CalendarPart, VALUE};
use super::piecewise::clock_time;
use super::{CountSplit, Key, MAX_POINTS, Question};
use crate::service::{Result, Service};

/// How many there are of one group at one value of a part of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramBar {
    /// The value, e.g. 1 for Monday.
    pub value: i64,
    /// How a person writes it.
    pub label: String,
    /// What the group has in common.
    pub key: Key,
    /// How many there are.
    pub counts: CountSplit,
}

/// How many there are at each value of `part`, whenever that was, for each group that there is, by
/// value and then by key. Of years there are those from the first to the last that has any.
///
/// # Errors
/// When the filter makes no sense, there are too many bars, or the database fails.
pub async fn histogram(
    service: &Service,
    question: &Question,
    part: CalendarPart,
    zone: Zone,
) -> Result<Vec<HistogramBar>> {
    let question = &Question {
        durations: false,
        ..question.clone()
    };
    let grouping = Grouping::of(question, true);
    // Two steps: first every hour or day that clocks have ever shown, so that the calendar is
    // reckoned for these and not for every fact.
    let spans = zone.spans(-DAY, i64::MAX);
    let slot = part.slot(clock_time(&Expr::col(TIME), &spans));
    let facts = if zone == Zone::UTC && part != CalendarPart::HourOfDay {
        Facts::by_day(service, question)?
    } else {
        Facts::timed(service, question)?
    };
    let folded = part.fold(grouping.count(facts.placed(slot)));
    let limit = ("bars", MAX_POINTS);
    let query = grouping.add_up(folded, VALUE);
    let mut groups = grouping.fetch(service, query, limit).await?;
    sort(&mut groups, &grouping.dimensions);
    let values = values(part, &groups);
    let groups = fill(groups, &grouping.dimensions, &values)?;
    let bars = groups.into_iter().map(|group| HistogramBar {
        value: group.place,
        label: part.label(group.place),
        key: group.key,
        counts: group.counts,
    });
    Ok(bars.collect())
}

/// The values that have bars. `groups` are in order.
fn values(part: CalendarPart, groups: &[Group]) -> Vec<i64> {
    if let Some(values) = part.values() {
        return values.collect();
    }
    match (groups.first(), groups.last()) {
        (Some(first), Some(last)) => (first.place..=last.place).collect(),
        _ => Vec::new(),
    }
}

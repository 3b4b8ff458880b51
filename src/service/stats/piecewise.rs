//! Functions of time in pieces, as expressions that both databases compute alike: nothing but
//! comparing and integer arithmetic. A piece is found by halves, so that thousands of them cost
//! little more than one.

use sea_orm::sea_query::{Expr, ExprTrait};

use super::calendar::{Bucket, Span};

/// The place in `buckets` of the one that `time` lies in, counted from 0. `time` is Unix
/// milliseconds and must lie within them.
pub(in crate::service) fn bucket_number(time: &Expr, buckets: &[Bucket]) -> Expr {
    let pieces: Vec<_> = runs(buckets)
        .into_iter()
        .map(|run| (run.start, run.number(time)))
        .collect();
    choose(time, &pieces)
}

/// What clocks show at `time`, both in milliseconds. `spans` say how clocks are set.
pub(in crate::service) fn clock_time(time: &Expr, spans: &[Span]) -> Expr {
    let pieces: Vec<_> = spans
        .iter()
        .map(|span| (span.start, Expr::val(span.offset)))
        .collect();
    time.clone().add(choose(time, &pieces))
}

/// The value of the last of `pieces` that begins at or before `time`; the first begins before
/// everything.
fn choose(time: &Expr, pieces: &[(i64, Expr)]) -> Expr {
    match pieces {
        [] => Expr::val(0_i64),
        [(_, value)] => value.clone(),
        _ => {
            let (before, after) = pieces.split_at(pieces.len() / 2);
            let is_before = time.clone().lt(after[0].0);
            Expr::case(is_before, choose(time, before))
                .finally(choose(time, after))
                .into()
        }
    }
}

/// Successive buckets of the same length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// The place of the first.
    first: i64,
    /// When it begins, in Unix milliseconds.
    start: i64,
    /// How long each of them is.
    step: i64,
    /// How many they are.
    length: i64,
}

impl Run {
    /// The place of the bucket that `time` lies in.
    fn number(self, time: &Expr) -> Expr {
        if self.length == 1 {
            return Expr::val(self.first);
        }
        let steps = time.clone().sub(self.start).div(self.step);
        steps.add(self.first)
    }
}

fn runs(buckets: &[Bucket]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (bucket, place) in buckets.iter().zip(0..) {
        let start = bucket.start.0.timestamp_millis();
        let step = bucket.end.0.timestamp_millis() - start;
        match runs.last_mut() {
            Some(run) if run.step == step => run.length += 1,
            _ => runs.push(Run {
                first: place,
                start,
                step,
                length: 1,
            }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::stats::calendar::{DAY, HOUR, Interval, Zone, buckets};
    use crate::service::time::parse;

    #[test]
    fn days_are_as_many_pieces_as_clocks_are_set() {
        let zone = Zone::named("Europe/Amsterdam").unwrap();
        let (from, to) = (parse("2026-03-01").unwrap(), parse("2026-05-01").unwrap());
        let buckets = buckets(zone, Interval::Day, from, to).unwrap();
        let steps: Vec<_> = runs(&buckets)
            .iter()
            .map(|run| (run.first, run.step))
            .collect();
        assert_eq!(steps, [(0, DAY), (28, 23 * HOUR), (29, DAY)]);
    }
}

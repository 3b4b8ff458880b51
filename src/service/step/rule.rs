//! What a report of a start or a finish does, whatever the order in which reports arrive. Nothing
//! here touches the database; the same rules serve releases and packages.

use entity::Timestamp;

/// How far something has come, as far as a report needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// When it started, where somebody told.
    pub started_at: Option<Timestamp>,
    /// When it finished (the best guess where nobody told); none while it has not.
    pub finished_at: Option<Timestamp>,
    /// Whether `finished_at` is only a guess.
    pub is_guess: bool,
}

/// What a report of a start does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// It runs from then on.
    Begin(Timestamp),
    /// It runs already, from the earlier of the two times.
    Running(Timestamp),
    /// It had finished and is tried once more.
    Retry(Timestamp),
    /// It has finished and this start is older news: it becomes the start, if there is none or a
    /// later one.
    Late(Timestamp),
    /// It has finished and the report says nothing new.
    AlreadyFinished,
}

/// Judges a start reported for `at` (now when the caller gave none).
pub(super) fn start(
    progress: Progress,
    is_running: bool,
    at: Option<Timestamp>,
    retry: bool,
    now: Timestamp,
) -> Start {
    let time = at.unwrap_or(now);
    match (progress.finished_at, at) {
        (None, _) if is_running => Start::Running(
            progress
                .started_at
                .map_or(time, |known| earlier(known, time)),
        ),
        (None, _) => Start::Begin(time),
        (Some(_), _) if retry => Start::Retry(time),
        // The guess may be the start itself, which may be told again.
        (Some(finish), Some(at)) if at.0 > finish.0 || (at.0 == finish.0 && !progress.is_guess) => {
            Start::Retry(at)
        }
        (Some(_), Some(at)) => {
            Start::Late(progress.started_at.map_or(at, |known| earlier(known, at)))
        }
        (Some(_), None) => Start::AlreadyFinished,
    }
}

/// What a report of a finish does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// It is over from then on.
    Done(Timestamp),
    /// It was over with the same outcome; nothing new.
    AlreadyFinished,
    /// It was over with the other outcome, and this is older news.
    Late,
}

/// Judges a finish reported for `at` (now when the caller gave none).
pub(super) fn finish(
    progress: Progress,
    same_outcome: bool,
    at: Option<Timestamp>,
    now: Timestamp,
) -> Finish {
    let time = at.unwrap_or(now);
    match progress.finished_at {
        Some(_) if same_outcome => Finish::AlreadyFinished,
        Some(finish) if time.0 < finish.0 => Finish::Late,
        _ => Finish::Done(time),
    }
}

fn earlier(one: Timestamp, other: Timestamp) -> Timestamp {
    if other.0 < one.0 { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::time::parse;

    fn at(clock: &str) -> Timestamp {
        parse(&format!("2026-03-01T{clock}")).unwrap()
    }

    const NEW: Progress = Progress {
        started_at: None,
        finished_at: None,
        is_guess: false,
    };

    fn ran(start: &str, finish: &str) -> Progress {
        Progress {
            started_at: Some(at(start)),
            finished_at: Some(at(finish)),
            is_guess: false,
        }
    }

    #[test]
    fn a_start_begins_what_has_not_begun() {
        let now = at("12:00");
        assert_eq!(start(NEW, false, None, false, now), Start::Begin(now));
        assert_eq!(
            start(NEW, false, Some(at("09:00")), false, now),
            Start::Begin(at("09:00"))
        );
    }

    #[test]
    fn a_second_start_keeps_the_earlier_time() {
        let running = Progress {
            started_at: Some(at("10:00")),
            finished_at: None,
            is_guess: false,
        };
        let now = at("12:00");
        assert_eq!(
            start(running, true, None, false, now),
            Start::Running(at("10:00"))
        );
        let early = Some(at("09:00"));
        assert_eq!(
            start(running, true, early, false, now),
            Start::Running(at("09:00"))
        );
    }

    #[test]
    fn a_start_after_the_finish_is_a_retry_only_when_it_is_told_so() {
        let (over, now) = (ran("10:00", "10:30"), at("12:00"));
        assert_eq!(start(over, false, None, false, now), Start::AlreadyFinished);
        assert_eq!(start(over, false, None, true, now), Start::Retry(now));
        let same = Some(at("10:30"));
        assert_eq!(
            start(over, false, same, false, now),
            Start::Retry(at("10:30"))
        );
    }

    #[test]
    fn a_start_before_the_finish_is_late_and_keeps_the_earlier_time() {
        let (over, now) = (ran("10:00", "10:30"), at("12:00"));
        assert_eq!(
            start(over, false, Some(at("10:10")), false, now),
            Start::Late(at("10:00"))
        );
        assert_eq!(
            start(over, false, Some(at("09:50")), false, now),
            Start::Late(at("09:50"))
        );
        let unknown = Progress {
            started_at: None,
            finished_at: Some(at("10:30")),
            is_guess: false,
        };
        assert_eq!(
            start(unknown, false, Some(at("10:10")), false, now),
            Start::Late(at("10:10"))
        );
    }

    #[test]
    fn the_known_start_told_again_is_no_retry_where_the_finish_is_a_guess() {
        let over = Progress {
            is_guess: true,
            ..ran("10:00", "10:00")
        };
        let now = at("12:00");
        let start_at = |clock| start(over, false, Some(at(clock)), false, now);
        assert_eq!(start_at("10:00"), Start::Late(at("10:00")));
        assert_eq!(start_at("10:01"), Start::Retry(at("10:01")));
    }

    #[test]
    fn the_later_report_of_another_outcome_wins() {
        let (over, now) = (ran("10:00", "10:30"), at("12:00"));
        assert_eq!(finish(over, true, None, now), Finish::AlreadyFinished);
        assert_eq!(finish(over, false, None, now), Finish::Done(now));
        assert_eq!(
            finish(over, false, Some(at("10:30")), now),
            Finish::Done(at("10:30"))
        );
        assert_eq!(finish(over, false, Some(at("10:29")), now), Finish::Late);
        assert_eq!(finish(NEW, false, None, now), Finish::Done(now));
    }
}

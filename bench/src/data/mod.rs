//! The history that everything is measured on: three and a half years of a company that deploys
//! more every year. It is drawn at random, but the same for ever; nothing of it is kept.

mod calendar;
mod names;
mod random;
mod release;
mod writer;

pub use calendar::{BEGIN_MILLIS, END_MILLIS};
pub use names::{PLATFORMS, TEAMS};
pub use release::{Instant, Package, Release, Status};
pub use writer::History;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{END_MILLIS, History, Package, Status};

    #[test]
    fn releases_start_one_after_the_other_and_all_that_finish_finish_in_time() {
        let mut last = None;
        for release in History::new(5_000) {
            if let Some(start) = release.started_at {
                assert!(last < Some(start), "{release:?}");
                last = Some(start);
            }
            let packages = release
                .packages
                .iter()
                .filter_map(|package| package.finished_at);
            let finish = packages.chain(release.finished_at).max();
            assert!(
                finish.is_none_or(|finish| finish.0 <= END_MILLIS),
                "{release:?}"
            );
        }
    }

    #[test]
    fn the_history_is_as_skewed_and_as_good_as_the_documentation_says() {
        let (mut packages, mut first, mut failed, mut rollbacks) = (0, 0, 0, 0);
        let mut users = HashSet::new();
        for release in History::new(10_000) {
            packages += release.packages.len();
            let is_first = |package: &&Package| package.name == "order-api";
            first += release.packages.iter().filter(is_first).count();
            failed += usize::from(release.status() == Status::Failed);
            rollbacks += usize::from(release.rollback());
            users.insert(release.user);
        }
        assert!((25_500..26_500).contains(&packages), "{packages}");
        assert!((1_300..1_700).contains(&first), "{first}");
        assert!((550..700).contains(&failed), "{failed}");
        assert!((200..300).contains(&rollbacks), "{rollbacks}");
        assert_eq!(users.len(), 200);
    }
}

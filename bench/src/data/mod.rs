//! The history that everything is measured on: three and a half years of a company that deploys
//! more every year. It is drawn at random, but the same for ever; nothing of it is kept.

mod calendar;
mod names;
mod random;
mod release;
mod writer;

pub use writer::History;

#[cfg(test)]
mod tests {
    use super::History;
    use super::calendar::END_MILLIS;

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
}

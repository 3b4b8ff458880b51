//! Random histories, and the same answers as a plain, slow and obviously right program has.
//!
//! A story (`story.rs`, `wave.rs`) is told to Orlo (`load.rs`) and to a model (`world.rs`) that shares nothing
//! with the service: plain structures, made from what is written of status, time and identity. Then
//! both are asked what runs where (`versions.rs`), for statistics (`counts.rs`) and for DORA's
//! metrics (`dora.rs`), and must answer the same, to the last digit; so the two databases do. At
//! last every record is made again from the events, and must be the one that is stored.
//!
//! How many stories: [`CASES`], or as many as `PROPTEST_CASES` says. A story that fails is cut down
//! to what is needed for it, and its seed is kept beside this file, to be told again each time.

mod calendar;
mod counts;
mod dora;
mod load;
mod story;
mod versions;
mod wave;
mod world;

use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use self::story::{Story, story};
use crate::app::{TestApp, on_both_databases};
use crate::rules::invariants;

/// How many stories each database is told.
const CASES: u32 = 100;
const SEEDS: &str = "tests/it/model/seeds.txt";

on_both_databases!(random_histories_answer_as_the_model_does);

async fn random_histories_answer_as_the_model_does(app: TestApp) {
    let mut config = Config {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(SEEDS))),
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let mut runner = TestRunner::new(config);
    let result = block_in_place(|| {
        let result = runner.run(&story(), |story| {
            Handle::current().block_on(tell_and_ask(&app, story));
            Ok(())
        });
        result.map_err(|error| error.to_string())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

async fn tell_and_ask(app: &TestApp, story: Story) {
    let world = load::tell(app, &story).await;
    app.set_now(&story.questions.now.to_rfc3339());
    versions::check(app, &world, &story.questions).await;
    counts::check(app, &world, &story.questions).await;
    dora::check(app, &world, &story.questions).await;
    invariants::check(app).await;
}

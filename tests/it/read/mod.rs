//! Questions: what they answer and what they cost.

mod ahead;
mod alone;
mod batches;
mod directly;
mod fields;
mod led;
mod lists;
mod nodes;
mod plans;
mod summaries;

use orlo::service::clock::to_millis;
use sea_orm::{ActiveModelTrait as _, Set};
use serde_json::Value;
use uuid::Uuid;

use crate::app::TestApp;

/// The id of a record that the API returned.
fn id_of(record: &Value) -> Uuid {
    record["id"].as_str().unwrap().parse().unwrap()
}

/// Stores that `release` caused trouble; returns the id of the failure.
async fn store_failure(app: &TestApp, release: &Value, resolved_by: Option<&Value>) -> Uuid {
    let now = app.service().now();
    let id = Uuid::now_v7();
    let failure = entity::failure::ActiveModel {
        id: Set(id),
        release_id: Set(id_of(release)),
        package_id: Set(Some(id_of(&release["packages"][0]))),
        detected_at: Set(now),
        resolved_at: Set(resolved_by.map(|_| to_millis(now.0 + chrono::TimeDelta::hours(1)))),
        resolved_by_id: Set(resolved_by.map(id_of)),
        reference: Set(Some("INC-1".to_owned())),
        description: Set(Some("the shop was down".to_owned())),
        created_at: Set(now),
        updated_at: Set(now),
    };
    failure.insert(app.database().writer()).await.unwrap();
    id
}

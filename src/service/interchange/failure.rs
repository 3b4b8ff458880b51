//! Reading the failures of a release, which only exports tell.

use uuid::Uuid;

use super::json::Shape;
use super::place::{Errors, Place};
use super::release::Resolution;
use super::words;
use crate::service::error::UserErrorCode;
use crate::service::record::restore::NewFailure;

/// Reads the failures of a release, and by which releases they were resolved.
pub(super) fn read(release: &Place<'_>, errors: &mut Errors) -> (Vec<NewFailure>, Vec<Resolution>) {
    let (mut failures, mut resolutions) = (Vec::new(), Vec::new());
    let entries = release.entries(&["failures"], errors);
    for (shape, path) in entries.into_iter().flatten() {
        let Shape::Object(object) = shape else {
            errors.push(path.error(UserErrorCode::InvalidValue, "must be a JSON object"));
            continue;
        };
        let place = Place { object, path };
        let id = Uuid::now_v7();
        failures.push(NewFailure {
            id,
            package: place.read(&["package"], errors, words::index),
            detected_at: place.read(&["detectedAt"], errors, words::instant),
            resolved_at: place.read(&["resolvedAt"], errors, words::instant),
            reference: place.text(&["reference"], errors),
            description: place.text(&["description"], errors),
            created_at: place.read(&["createdAt"], errors, words::instant),
        });
        resolutions.extend(resolution(id, &place, errors));
    }
    (failures, resolutions)
}

fn resolution(failure_id: Uuid, place: &Place<'_>, errors: &mut Errors) -> Option<Resolution> {
    let shape = place.read(&["resolvedBy"], errors, |shape| Ok(Some(shape)))?;
    let path = place.path.at("resolvedBy");
    let Shape::Object(object) = shape else {
        errors.push(path.error(UserErrorCode::InvalidValue, "must be a JSON object"));
        return None;
    };
    let place = Place { object, path };
    Some(Resolution {
        failure_id,
        resolver_id: place.text(&["id"], errors),
        external_id: place.text(&["externalId"], errors),
    })
}

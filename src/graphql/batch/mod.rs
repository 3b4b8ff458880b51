//! How records that came together get what belongs to them together: a *batch* knows its records
//! and keeps, for each relation, one place to load it into. The first record that is asked loads
//! the relation for all of them with one call of the service; the others wait for that call. So a
//! page costs one statement per relation, however long it is.
//!
//! Siblings are resolved concurrently within one task, hence no timers. Nor is it looked ahead at what
//! is selected, but where a record is named by its id (`types/release/ahead.rs`). A batch lives as
//! long as its records, that is for one request.

mod record;
mod relation;

pub use record::{Batch, Record, Related};
pub use relation::{Relation, Relations};

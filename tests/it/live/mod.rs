//! The history, and following it while it grows.

mod access;
pub mod changes;
mod clients;
mod events;
mod limits;
mod processes;
pub mod socket;
pub mod subscriber;

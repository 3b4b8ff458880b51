//! The history, and following it while it grows.

mod access;
mod changes;
mod clients;
mod events;
mod processes;
pub mod subscriber;

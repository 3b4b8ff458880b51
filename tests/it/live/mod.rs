//! The history, and following it while it grows.

mod events;

//! Releases as JSON documents: reading those of Orlo, of `orlo export` and of orlo 0.4, and writing
//! those of `orlo export`. What is read goes through [`crate::service::record::import`] like
//! everything else.

mod detect;
mod document;
pub mod export;
mod failure;
mod form;
mod json;
mod load;
mod metadata;
mod package;
mod place;
mod release;
mod rows;
pub mod stream;
mod words;

#[cfg(test)]
mod tests;

pub use json::Fields;
pub use release::{ReadRelease, References, Resolution, read_release};

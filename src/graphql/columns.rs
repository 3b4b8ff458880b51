//! Which columns an operation needs: rows are read without the others.

use async_graphql::parser::types::ExecutableDocument;
use entity::row::Columns;
use entity::{package, release};

use super::shape::{FieldTypes, every_field};
use super::types::{package_columns, release_columns};

/// What the fields of a document need of the rows behind them, wherever they are selected: an
/// object may be reached in several ways, and has all that is asked of it in any of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of releases.
    pub releases: Columns,
    /// Of packages.
    pub packages: Columns,
}

impl Wanted {
    /// What `document` needs.
    #[must_use]
    pub fn of(document: &ExecutableDocument, types: &FieldTypes) -> Self {
        let mut finder = Finder {
            releases: Some(vec![release::Column::Id]),
            packages: Some(vec![package::Column::Id, package::Column::ReleaseId]),
        };
        every_field(document, types, &mut |parent, field| {
            finder.add(parent, &field.name.node);
        });
        let Finder { releases, packages } = finder;
        Self {
            releases: releases.map_or(Columns::ALL, Columns::only::<release::Entity>),
            packages: packages.map_or(Columns::ALL, Columns::only::<package::Entity>),
        }
    }
}

/// Collects columns; all of them when none.
struct Finder {
    releases: Option<Vec<release::Column>>,
    packages: Option<Vec<package::Column>>,
}

impl Finder {
    fn add(&mut self, parent: &str, field: &str) {
        match parent {
            "Release" => extend(&mut self.releases, release_columns(field)),
            "Package" => extend(&mut self.packages, package_columns(field)),
            // Its texts are made of both.
            "TimelineItem" => (self.releases, self.packages) = (None, None),
            _ => (),
        }
    }
}

fn extend<C: Copy>(columns: &mut Option<Vec<C>>, more: Option<&[C]>) {
    match (columns.as_mut(), more) {
        (Some(columns), Some(more)) => columns.extend(more),
        _ => *columns = None,
    }
}

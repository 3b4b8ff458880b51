//! Looking up records of every type by id.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object, Result};
use uuid::Uuid;

use crate::graphql::context::ContextExt as _;
use crate::graphql::error;
use crate::graphql::types::{Event, Failure, Node, Package, PackageResult, Platform, Release};
use crate::service::{event, package, platform, release};

#[derive(Debug, Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The record with this id, of whatever type; null when there is none or it was deleted. Use a
    /// fragment to get more than the id: `{ node(id: "...") { ... on Release { status } } }`.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the record.")] id: ID,
    ) -> Result<Option<Node>> {
        Ok(find(ctx, &[id]).await?.pop().flatten())
    }

    /// The records with these ids, of whatever types, in the order of the ids. In the place of an
    /// id that there is no record for stands null.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids of the records; as many as a page may hold.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        let service = ctx.service()?;
        let limit = service.settings.max_page_size;
        if u32::try_from(ids.len()).is_ok_and(|count| count <= limit) {
            find(ctx, &ids).await
        } else {
            let message = format!("ids has {} entries; {limit} are allowed", ids.len());
            Err(error::limit_exceeded(message))
        }
    }
}

/// Looks the records up type by type, the most wanted types first, until all ids are found.
async fn find(ctx: &Context<'_>, ids: &[ID]) -> Result<Vec<Option<Node>>> {
    let ids: Vec<Option<Uuid>> = ids.iter().map(|id| Uuid::try_parse(id).ok()).collect();
    let mut search = Search {
        ids: ids.iter().flatten().copied().collect(),
        nodes: HashMap::new(),
    };
    for kind in Kind::ALL {
        if search.ids.is_empty() {
            break;
        }
        search.look_among(ctx, kind).await?;
    }
    let node = |id: Option<Uuid>| search.nodes.get(&id?).cloned();
    Ok(ids.into_iter().map(node).collect())
}

#[derive(Clone, Copy)]
enum Kind {
    Release,
    Package,
    Platform,
    PackageResult,
    Failure,
    Event,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Release,
        Self::Package,
        Self::Platform,
        Self::PackageResult,
        Self::Failure,
        Self::Event,
    ];
}

/// The ids still to be looked for, and the records found.
struct Search {
    ids: Vec<Uuid>,
    nodes: HashMap<Uuid, Node>,
}

impl Search {
    async fn look_among(&mut self, ctx: &Context<'_>, kind: Kind) -> Result<()> {
        let (service, columns, ids) = (ctx.service()?, ctx.wanted(), &self.ids);
        match kind {
            Kind::Release => {
                let rows = release::by_ids(service, ids, columns.releases).await?;
                self.found(Release::by_id(rows));
            }
            Kind::Package => {
                let rows = package::by_ids(service, ids, columns.packages).await?;
                self.found(Package::by_id(rows));
            }
            Kind::Platform => {
                let rows = platform::by_ids(service, ids).await?;
                self.found(Platform::by_id(rows));
            }
            Kind::PackageResult => {
                let rows = package::results_by_ids(service, ids).await?;
                self.found(PackageResult::by_id(rows));
            }
            Kind::Failure => {
                let rows = release::failures_by_ids(service, ids).await?;
                self.found(Failure::by_id(rows));
            }
            Kind::Event => {
                let rows = event::by_ids(service, ids).await?;
                self.found(Event::by_id(rows));
            }
        }
        Ok(())
    }

    fn found<N: Into<Node>>(&mut self, records: HashMap<Uuid, N>) {
        self.ids.retain(|id| !records.contains_key(id));
        let nodes = records.into_iter().map(|(id, record)| (id, record.into()));
        self.nodes.extend(nodes);
    }
}

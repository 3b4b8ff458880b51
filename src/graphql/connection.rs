//! Relay connections, written once for every kind of record.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;
use std::pin::Pin;

use async_graphql::{Context, Object, ObjectType, OutputType, Result, SimpleObject, TypeName};
use futures_util::future::{BoxFuture, join, ready};
use tokio::sync::OnceCell;

use crate::graphql::context::ContextExt as _;
use crate::graphql::objects::Objects;
use crate::service::page::Page;
use crate::service::{self, Service};

/// Some records of a list, with their places in it; cheap to clone.
#[derive(Clone, Debug)]
pub struct Slice<N> {
    edges: Vec<Edge<N>>,
    page_info: PageInfo,
}

impl<N> Default for Slice<N> {
    fn default() -> Self {
        Self {
            edges: Vec::new(),
            page_info: PageInfo::default(),
        }
    }
}

impl<N> Slice<N> {
    /// The rows of `page`, which `wrap` turns into records all at once, so that they form a batch.
    pub fn new<T>(page: Page<T>, wrap: impl FnOnce(Vec<T>) -> Vec<N>) -> Self {
        let (rows, place) = Place::take(page);
        place.put(wrap(rows))
    }

    /// The rows of each of `pages`, which `wrap` turns into records all at once, so that they form
    /// one batch over all pages.
    pub fn grouped<K: Clone + Eq + Hash, T>(
        pages: HashMap<K, Page<T>>,
        wrap: impl FnOnce(HashMap<K, Vec<T>>) -> HashMap<K, Vec<N>>,
    ) -> HashMap<K, Self> {
        let (mut groups, mut places) = (HashMap::new(), HashMap::new());
        for (key, page) in pages {
            let (rows, place) = Place::take(page);
            groups.insert(key.clone(), rows);
            places.insert(key, place);
        }
        let mut records = wrap(groups);
        let slices = places.into_iter().map(|(key, place)| {
            let records = records.remove(&key).unwrap_or_default();
            (key, place.put(records))
        });
        slices.collect()
    }
}

/// Where the rows of a page are in their list.
struct Place {
    cursors: Vec<String>,
    page_info: PageInfo,
}

impl Place {
    /// Takes a page apart.
    fn take<T>(page: Page<T>) -> (Vec<T>, Self) {
        let Page {
            rows,
            has_next_page,
            has_previous_page,
        } = page;
        let (rows, cursors): (Vec<T>, Vec<String>) =
            rows.into_iter().map(|row| (row.row, row.cursor)).unzip();
        let page_info = PageInfo {
            has_next_page,
            has_previous_page,
            start_cursor: cursors.first().cloned(),
            end_cursor: cursors.last().cloned(),
        };
        (rows, Self { cursors, page_info })
    }

    /// Puts it together again, with records in place of the rows.
    fn put<N>(self, records: Vec<N>) -> Slice<N> {
        let edges = records.into_iter().zip(self.cursors);
        Slice {
            edges: edges.map(|(node, cursor)| Edge { cursor, node }).collect(),
            page_info: self.page_info,
        }
    }
}

/// Counts what a list holds in all.
type Counter =
    Box<dyn Fn(Service) -> Pin<Box<dyn Future<Output = Result<u64>> + Send>> + Send + Sync>;

/// A slice of a list, and how to count the whole.
pub struct Connection<N> {
    slice: Slice<N>,
    total: OnceCell<Result<u64>>,
    count: Counter,
}

impl<N: Send + Sync> Connection<N> {
    /// The list that `page` will be of, which `wrap` turns into records. If the total is selected,
    /// `count` runs beside it.
    ///
    /// # Errors
    /// When the page cannot be fetched.
    pub async fn load<T, C, F>(
        ctx: &Context<'_>,
        page: BoxFuture<'_, Result<Page<T>, service::Error>>,
        wrap: fn(Vec<T>) -> Vec<N>,
        count: C,
    ) -> Result<Self>
    where
        C: Fn(Service) -> F + Send + Sync + 'static,
        F: Future<Output = Result<u64>> + Send + 'static,
    {
        let list = Self::new(Slice::default(), count);
        let counting: BoxFuture<'_, _> = if ctx.look_ahead().field("totalCount").exists() {
            Box::pin(list.total(ctx))
        } else {
            Box::pin(ready(Ok(0)))
        };
        // Whether it could be counted is told where the total is.
        let (page, _) = join(page, counting).await;
        Ok(Self {
            slice: Slice::new(page?, wrap),
            ..list
        })
    }

    /// The list that `slice` is of; `count` is run only when the total is asked for.
    pub fn new<C, F>(slice: Slice<N>, count: C) -> Self
    where
        C: Fn(Service) -> F + Send + Sync + 'static,
        F: Future<Output = Result<u64>> + Send + 'static,
    {
        Self {
            slice,
            total: OnceCell::new(),
            count: Box::new(move |service| Box::pin(count(service))),
        }
    }

    /// How many records the list has in all.
    async fn total(&self, ctx: &Context<'_>) -> Result<u64> {
        let service = ctx.service()?;
        let count = || (self.count)(service.clone());
        self.total.get_or_init(count).await.clone()
    }
}

/// One page of a list.
#[Object(name_type)]
impl<N: ObjectType> Connection<N> {
    /// The records of this page, each with its cursor.
    async fn edges(&self) -> Objects<&Edge<N>> {
        self.slice.edges.iter().collect()
    }

    /// The records of this page.
    async fn nodes(&self) -> Objects<&N> {
        self.slice.edges.iter().map(|edge| &edge.node).collect()
    }

    /// Where this page lies in the list.
    async fn page_info(&self) -> &PageInfo {
        &self.slice.page_info
    }

    /// How many records the list has in all, over all pages. It is counted only when it is
    /// selected.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        self.total(ctx).await
    }
}

/// A record in a list, with its place.
#[derive(Clone, Debug)]
pub struct Edge<N> {
    cursor: String,
    node: N,
}

/// A record in a list, with its place.
#[Object(name_type)]
impl<N: ObjectType> Edge<N> {
    /// The place of the record in the list; give it as `after` or `before`, with the same
    /// `orderBy`. What is written in it is nothing to rely on.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The record.
    async fn node(&self) -> &N {
        &self.node
    }
}

impl<N: OutputType> TypeName for Connection<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", N::type_name()).into()
    }
}

impl<N: OutputType> TypeName for Edge<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::type_name()).into()
    }
}

/// Where a page lies in its list.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct PageInfo {
    /// Whether there are records after this page.
    pub has_next_page: bool,
    /// Whether there are records before this page.
    pub has_previous_page: bool,
    /// The cursor of the first record of this page, for `before`; null when the page is empty.
    pub start_cursor: Option<String>,
    /// The cursor of the last record of this page, for `after`; null when the page is empty.
    pub end_cursor: Option<String>,
}

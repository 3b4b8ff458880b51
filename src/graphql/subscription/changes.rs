//! Turning what a follower hears into what subscribers are sent.

use std::collections::VecDeque;

use async_graphql::{Error, ErrorExtensions as _, Result};
use entity::event;
use futures_util::stream::{self, Stream};

use crate::service::event as events;
use crate::service::feed::Follower;

/// The changes that `follower` hears of, one by one, as `make` presents those that came together.
/// It ends with the first failure, which tells the cursor to go on from.
pub fn changes<T, F>(
    follower: Follower,
    make: impl Fn(Vec<event::Model>) -> F + Send + Sync + 'static,
) -> impl Stream<Item = Result<T>> + Send
where
    T: Send + 'static,
    F: Future<Output = Result<Vec<T>>> + Send,
{
    let start = State {
        cursor: follower.cursor(),
        follower,
        waiting: VecDeque::new(),
        is_over: false,
        make,
    };
    stream::unfold(start, |mut state| async {
        if state.is_over {
            return None;
        }
        let next = state.next().await;
        Some((next, state))
    })
}

struct State<T, M> {
    follower: Follower,
    make: M,
    /// What was heard already, each with its cursor.
    waiting: VecDeque<(String, T)>,
    /// The last cursor that was handed out.
    cursor: String,
    is_over: bool,
}

impl<T, M, F> State<T, M>
where
    M: Fn(Vec<event::Model>) -> F,
    F: Future<Output = Result<Vec<T>>>,
{
    async fn next(&mut self) -> Result<T> {
        if self.waiting.is_empty()
            && let Err(error) = self.hear().await
        {
            self.is_over = true;
            let cursor = self.cursor.as_str();
            return Err(error.extend_with(|_, extensions| extensions.set("cursor", cursor)));
        }
        match self.waiting.pop_front() {
            Some((cursor, change)) => {
                self.cursor = cursor;
                Ok(change)
            }
            None => Err(Error::new("a follower has heard of nothing")),
        }
    }

    async fn hear(&mut self) -> Result<()> {
        let heard = self.follower.next().await?;
        let cursors: Vec<String> = heard
            .iter()
            .map(|event| events::cursor(event.sequence))
            .collect();
        let changes = Box::pin((self.make)(heard)).await?;
        self.waiting.extend(cursors.into_iter().zip(changes));
        Ok(())
    }
}

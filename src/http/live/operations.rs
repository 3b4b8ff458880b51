//! The operations that a client has under way on one socket.

use std::collections::HashMap;

use futures_util::stream::{self, AbortHandle, BoxStream, SelectAll, StreamExt as _};

use tokio::sync::OwnedSemaphorePermit;

use super::execute::Execution;
use crate::graphql::Answer;

/// Something that happened to an operation.
#[derive(Debug)]
pub enum Step {
    /// It was answered.
    Answered(Answer),
    /// It is over.
    Over,
}

/// What is kept of an operation until it ends.
struct Running {
    handle: AbortHandle,
    _place: Option<OwnedSemaphorePermit>,
}

/// Operations by what the client calls them.
#[derive(Default)]
pub struct Operations {
    running: HashMap<String, Running>,
    steps: SelectAll<BoxStream<'static, (String, Step)>>,
}

impl Operations {
    /// Whether there is an operation with this id.
    pub fn contains(&self, id: &str) -> bool {
        self.running.contains_key(id)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.running.len()
    }

    /// Adds one, under an id that none has.
    pub fn start(&mut self, id: String, execution: Execution) {
        let steps = execution
            .answers
            .map(Step::Answered)
            .chain(stream::once(async { Step::Over }));
        let (steps, handle) = stream::abortable(steps);
        let running = Running {
            handle,
            _place: execution.place,
        };
        self.running.insert(id.clone(), running);
        self.steps
            .push(steps.map(move |step| (id.clone(), step)).boxed());
    }

    /// Ends one, if it is there, and gives up its place.
    pub fn end(&mut self, id: &str) {
        if let Some(running) = self.running.remove(id) {
            running.handle.abort();
        }
    }

    /// What happens next, to the operation with this id. Waits for ever when there is none.
    pub async fn next(&mut self) -> (String, Step) {
        match self.steps.next().await {
            Some(step) => step,
            None => std::future::pending().await,
        }
    }
}

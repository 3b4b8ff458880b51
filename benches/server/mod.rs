//! Orlo within the process of a benchmark, with the allocator of the binary.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use migration::{Migrator, MigratorTrait as _};
use mimalloc::MiMalloc;
use orlo::graphql::Limits;
use orlo::http::{AppState, router};
use orlo::service::clock::SystemClock;
use orlo::service::{Database, DatabaseOptions, Service, Settings};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A server on an SQLite file of its own.
pub struct Server {
    router: Router,
    runtime: Runtime,
    _directory: TempDir,
}

impl Server {
    /// Starts it on an empty file.
    pub fn start(limits: Limits) -> Self {
        let runtime = Runtime::new().unwrap();
        let directory = TempDir::new().unwrap();
        let url = format!("sqlite://{}", directory.path().join("orlo.db").display());
        let service = runtime.block_on(async {
            let database = Database::connect(&DatabaseOptions::new(url)).await.unwrap();
            Migrator::up(database.writer(), None).await.unwrap();
            Service::new(database, Settings::default(), Arc::new(SystemClock))
        });
        Self {
            router: router(AppState::new(service).with_limits(limits)),
            runtime,
            _directory: directory,
        }
    }

    /// The answer to a request with this body.
    pub fn send(&self, body: Bytes) -> Bytes {
        let request = Request::post("/graphql").header(CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body)).unwrap();
        let router = self.router.clone();
        self.runtime.block_on(async {
            let answer = router.oneshot(request).await.unwrap();
            to_bytes(answer.into_body(), usize::MAX).await.unwrap()
        })
    }
}

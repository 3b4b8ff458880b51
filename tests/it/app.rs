//! Orlo without a socket: the real router over a database of its own, at a time that tests set.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::{DateTime, Utc};
use orlo::http::auth::Auth;
use orlo::http::{self, AppState, ConnectionLimits, HttpLimits, Live, router};
use orlo::service::clock::ManualClock;
use orlo::service::{Database, DatabaseOptions, Service, Settings};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::database::{Backend, TestDatabase};
use crate::postgres;

/// When every test begins.
const START: &str = "2026-03-01T12:00:00Z";

/// Makes two tests of each function, `NAME::sqlite` and `NAME::postgres`:
///
/// ```ignore
/// on_both_databases!(a_release_is_found_by_its_id);
///
/// async fn a_release_is_found_by_its_id(app: TestApp) { ... }
/// ```
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use crate::app::run;
            use crate::database::Backend;

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                run(Backend::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                run(Backend::Postgres, super::$name).await;
            }
        }
    )+};
}
pub(crate) use on_both_databases;

/// Runs `test` with an app over a database of its own.
pub async fn run<F: Future<Output = ()>>(backend: Backend, test: impl FnOnce(TestApp) -> F) {
    if backend == Backend::Postgres && postgres::is_off() {
        return;
    }
    test(TestApp::over(Arc::new(TestDatabase::migrated(backend))).await).await;
}

/// Orlo as it is served, but for the time that it gives to an operation: tests are built without
/// optimisation and run side by side.
fn state(service: &Service) -> AppState {
    let limits = HttpLimits {
        request_timeout: Duration::from_mins(5),
        ..HttpLimits::default()
    };
    AppState::new(service.clone()).with_http_limits(limits)
}

/// One process of Orlo. Clones are the same process.
#[derive(Clone)]
pub struct TestApp {
    router: Router,
    service: Service,
    clock: Arc<ManualClock>,
    statements: Arc<AtomicU64>,
    // Last, so that it goes after everything that uses it.
    storage: Arc<TestDatabase>,
}

impl TestApp {
    async fn new(storage: Arc<TestDatabase>, clock: Arc<ManualClock>, settings: Settings) -> Self {
        let mut database = storage.connect().await;
        let statements = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&statements);
        database.on_statement(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let service = Service::new(database, settings, clock.clone());
        Self {
            router: router(state(&service)),
            service,
            clock,
            statements,
            storage,
        }
    }

    /// A process over a database that others may have written to.
    pub async fn over(storage: Arc<TestDatabase>) -> Self {
        let clock = Arc::new(ManualClock::new(instant(START)));
        Self::new(storage, clock, Settings::default()).await
    }

    /// Another process over the same database, with the same settings and clock.
    pub async fn sibling(&self) -> Self {
        self.with_settings(Settings::clone(&self.service.settings))
            .await
    }

    /// The same process, serving in another way.
    pub fn serving(&self, change: impl FnOnce(AppState) -> AppState) -> Self {
        let state = change(state(&self.service));
        Self {
            router: router(state),
            ..self.clone()
        }
    }

    /// Another process over the same database, with other settings.
    pub async fn with_settings(&self, settings: Settings) -> Self {
        Self::new(self.storage.clone(), self.clock.clone(), settings).await
    }

    /// Another process over the same database, whose statements may take this long.
    pub async fn with_statement_timeout(&self, limit: Duration) -> Self {
        let mut options = DatabaseOptions::new(self.database_url());
        options.statement_timeout = Some(limit);
        let database = Database::connect(&options).await.unwrap();
        let service = Service::new(database, Settings::default(), self.clock.clone());
        Self {
            router: router(state(&service)),
            service,
            ..self.clone()
        }
    }

    /// Another process over the same database, and the statements that it sends from then on.
    pub async fn hearing_statements(&self) -> (Self, Arc<Mutex<BTreeSet<String>>>) {
        let heard = Arc::new(Mutex::new(BTreeSet::new()));
        let mut database = self.storage.connect().await;
        let hear = Arc::clone(&heard);
        database.on_statement(move |info| {
            hear.lock().unwrap().insert(info.statement.sql.clone());
        });
        let service = Service::new(database, Settings::default(), self.clock.clone());
        let router = router(state(&service));
        let app = Self {
            router,
            service,
            ..self.clone()
        };
        (app, heard)
    }

    /// The same process with other rules for who may do what.
    pub fn with_auth(&self, auth: Auth) -> Self {
        Self {
            router: router(state(&self.service).with_auth(auth)),
            ..self.clone()
        }
    }

    /// The same process, with connections that end as `live` says.
    pub fn with_live(&self, live: Live) -> Self {
        let state = state(&self.service).with_live(live);
        self.with_router(router(state))
    }

    /// The same process with other routes.
    pub fn with_router(&self, router: Router) -> Self {
        Self {
            router,
            ..self.clone()
        }
    }

    /// Sends an operation; returns `data`. There must be no errors.
    pub async fn query(&self, query: &str, variables: Value) -> Value {
        let mut body = self.graphql(query, variables).await;
        assert!(body.get("errors").is_none(), "{query}\nanswers {body:#}");
        body["data"].take()
    }

    /// Sends an operation that must fail; returns `errors`.
    pub async fn errors(&self, query: &str, variables: Value) -> Vec<Value> {
        let mut body = self.graphql(query, variables).await;
        let Value::Array(errors) = body["errors"].take() else {
            panic!("{query}\nanswers without errors: {body:#}");
        };
        errors
    }

    /// Sends an operation of one mutation; returns its payload, which may be a refusal.
    pub async fn mutate(&self, mutation: &str, variables: Value) -> Value {
        let data = self.query(mutation, variables).await;
        let Value::Object(fields) = data else {
            panic!("{mutation}\nanswers {data:#}");
        };
        let mut payloads = fields.into_iter();
        match (payloads.next(), payloads.next()) {
            (Some((_, payload)), None) => payload,
            _ => panic!("{mutation}\nis not one mutation"),
        }
    }

    /// Sends an operation; returns the whole answer, whether it has errors or not.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables});
        let request = Request::post("/graphql")
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.send(request).await;
        let is_expected = [StatusCode::OK, StatusCode::BAD_REQUEST].contains(&answer.status);
        assert!(is_expected, "{query}\nanswers {answer:?}");
        answer.json()
    }

    /// Fetches a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// Sends any request and reads the whole answer.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let answer = Answer {
            status: head.status,
            headers: head.headers,
            body: to_bytes(body, usize::MAX).await.unwrap(),
        };
        // A server that promises another length breaks the connection.
        if let Some(length) = answer
            .headers
            .get(CONTENT_LENGTH)
            .filter(|_| !answer.body.is_empty())
        {
            assert_eq!(
                length.to_str().unwrap(),
                answer.body.len().to_string(),
                "{answer:?}"
            );
        }
        answer
    }

    /// Serves on a free port of this machine, for clients that need a socket.
    pub async fn listen(&self) -> Listening {
        self.listen_within(ConnectionLimits::default()).await
    }

    /// The same with other limits.
    pub async fn listen_within(&self, limits: ConnectionLimits) -> Listening {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = http::serve(
            listener,
            self.router.clone(),
            limits,
            CancellationToken::new(),
        );
        Listening {
            address,
            task: tokio::spawn(server),
        }
    }

    /// The router itself, for answers that are read while they arrive.
    pub const fn router(&self) -> &Router {
        &self.router
    }

    /// How many statements this process has sent to the database so far, beside `BEGIN`, `COMMIT`
    /// and unprepared text.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::SeqCst)
    }

    /// Sets the time, e.g. `2026-03-03T15:30:00Z`. It stands still in between.
    pub fn set_now(&self, time: &str) {
        self.clock.set(instant(time));
    }

    pub const fn database(&self) -> &Database {
        &self.service.database
    }

    pub const fn service(&self) -> &Service {
        &self.service
    }

    pub fn backend(&self) -> Backend {
        self.storage.backend()
    }

    /// Where the database is, as `--database-url` takes it.
    pub fn database_url(&self) -> &str {
        self.storage.url()
    }
}

/// Orlo on a socket, until this is dropped.
pub struct Listening {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Listening {
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a page is, e.g. `http://127.0.0.1:40001/graphql`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a request was answered with.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// A header that the answer must have.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        let value = value.unwrap_or_else(|| panic!("no {name} in {self:?}"));
        value.to_str().unwrap()
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body, which must be JSON and say so.
    pub fn json(&self) -> Value {
        let content_type = self.header("content-type");
        assert!(content_type.contains("json"), "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn instant(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

//! JSON Web Tokens, signed with keys that the tests make.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::{Router, routing::get};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orlo::http::Live;
use orlo::http::auth::Auth;
use orlo::http::auth::jwt::{ClaimRules, Jwt, JwtOptions};
use orlo::service::token::AnonymousAccess;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::{WHO, assert_refused, assert_unknown, send_with};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;
use crate::live::changes::eager;
use crate::live::subscriber::EventStream;

on_both_databases!(
    a_signed_token_says_who_calls,
    whatever_is_wrong_with_a_token_it_is_refused,
    signatures_of_every_kind_are_verified,
    a_new_key_is_fetched_and_the_issuer_is_not_flooded,
    keys_that_were_withdrawn_stop_working,
    what_is_open_ends_with_its_token_or_key,
    a_file_is_read_again_when_a_key_is_unknown,
    orlos_own_tokens_work_beside_them,
);

/// Somebody who signs.
enum Signer {
    Ed(Ed25519KeyPair),
    Ec(EcdsaKeyPair),
}

impl Signer {
    fn ed() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    fn ec() -> Self {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(kind, pkcs8.as_ref(), &random).unwrap())
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed(_) => "EdDSA",
            Self::Ec(_) => "ES256",
        }
    }

    fn key(&self, id: &str) -> Value {
        match self {
            Self::Ed(pair) => {
                let x = encode(pair.public_key().as_ref());
                json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": x})
            }
            Self::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                let (x, y) = (encode(x), encode(y));
                json!({"kty": "EC", "crv": "P-256", "kid": id, "x": x, "y": y})
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Ec(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).unwrap();
                signature.as_ref().to_vec()
            }
        }
    }

    fn token(&self, id: &str, claims: &Value) -> String {
        self.token_with(&json!({"alg": self.algorithm(), "kid": id}), claims)
    }

    fn token_with(&self, header: &Value, claims: &Value) -> String {
        let message = [header, claims].map(|part| encode(part.to_string().as_bytes()));
        let message = message.join(".");
        let signature = encode(&self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

const ISSUER: &str = "https://id.example.org";

/// Claims that are right at the time when tests begin.
fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "orlo", "sub": "pipeline-7", "exp": 1_772_366_700,
        "scope": "openid orlo:write", "preferred_username": "ann",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// Orlo that takes tokens signed with the keys at `keys`, and nothing without.
async fn app_with(app: &TestApp, keys: &str) -> TestApp {
    app.with_auth(auth_with(app, keys).await)
}

async fn auth_with(app: &TestApp, keys: &str) -> Auth {
    let service = app.service().clone();
    let options = JwtOptions {
        keys: keys.to_owned(),
        issuer: ISSUER.to_owned(),
        audience: "orlo".to_owned(),
        claims: ClaimRules {
            scope: "scope".to_owned(),
            scope_prefix: "orlo:".to_owned(),
            person: "preferred_username".to_owned(),
        },
    };
    let jwt = Jwt::open(options, service.clock.clone()).await.unwrap();
    Auth::with_jwt(service, AnonymousAccess::Nothing, Some(jwt))
}

/// A file with keys, until it is dropped.
fn file(keys: &[Value]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    write(&file, keys);
    file
}

fn write(file: &tempfile::NamedTempFile, keys: &[Value]) {
    std::fs::write(file.path(), json!({ "keys": keys }).to_string()).unwrap();
}

async fn app_with_file(app: &TestApp, file: &tempfile::NamedTempFile) -> TestApp {
    app_with(app, file.path().to_str().unwrap()).await
}

async fn a_signed_token_says_who_calls(app: TestApp) {
    let signer = Signer::ed();
    let file = file(&[signer.key("1")]);
    let app = app_with_file(&app, &file).await;
    let token = signer.token("1", &claims());
    let mutation =
        "mutation { recordRelease(input: {}) { release { user events { nodes { actor } } } } }";
    let answer = send_with(&app, &token, mutation).await.json();
    let release = &answer["data"]["recordRelease"]["release"];
    assert_eq!(release["user"], "ann", "{answer:#}");
    assert_eq!(release["events"]["nodes"], json!([{"actor": "pipeline-7"}]));

    let reading = signer.token("1", &with("scope", json!(["orlo:read"])));
    assert_eq!(
        send_with(&app, &reading, WHO).await.json()["data"]["server"]["canWrite"],
        false
    );
    let nothing = signer.token("1", &without("scope"));
    let answer = send_with(&app, &nothing, WHO).await;
    assert_refused(&answer, StatusCode::FORBIDDEN, "FORBIDDEN");
    // Without an id, the only key is meant.
    let header = json!({"alg": "EdDSA"});
    let answer = send_with(&app, &signer.token_with(&header, &claims()), WHO).await;
    assert_eq!(answer.json()["data"]["server"]["actor"], "pipeline-7");
    let several = signer.token("1", &with("aud", json!(["other", "orlo"])));
    assert_eq!(send_with(&app, &several, WHO).await.status, StatusCode::OK);
}

async fn whatever_is_wrong_with_a_token_it_is_refused(app: TestApp) {
    let signer = Signer::ec();
    let file = file(&[
        signer.key("1"),
        json!({"kty": "oct", "k": "c2VjcmV0", "kid": "2"}),
    ]);
    let app = app_with_file(&app, &file).await;
    let good = signer.token("1", &claims());
    assert_eq!(send_with(&app, &good, WHO).await.status, StatusCode::OK);

    let bad_claims = [
        without("exp"),
        without("aud"),
        without("iss"),
        without("sub"),
        with("exp", json!(1_772_366_340)),
        with("exp", json!("1772366700")),
        with("nbf", json!(1_772_366_461)),
        with("aud", json!("other")),
        with("aud", json!([])),
        with("iss", json!("https://evil.example.org")),
        with("iss", json!([ISSUER])),
        with("sub", json!("")),
        json!([]),
    ];
    for claims in bad_claims {
        let answer = send_with(&app, &signer.token("1", &claims), WHO).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{claims}");
    }

    let (head, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let header = |header: Value| encode(header.to_string().as_bytes());
    let none = header(json!({"alg": "none", "kid": "1"}));
    let hmac = |key: &[u8], id: &str| {
        let message = format!("{}.{payload}", header(json!({"alg": "HS256", "kid": id})));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
        let tag = ring::hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", encode(tag.as_ref()))
    };
    let Signer::Ec(pair) = &signer else { panic!() };
    let admin = encode(with("scope", json!("orlo:admin")).to_string().as_bytes());
    let critical = json!({"alg": "ES256", "kid": "1", "crit": ["b64"], "b64": true});
    for token in [
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{head}.{payload}."),
        format!("{head}.{payload}"),
        format!("{head}.{admin}.{signature}"),
        format!("{good}."),
        // Signed with what is public, or with a key that is for nothing of the kind.
        hmac(pair.public_key().as_ref(), "1"),
        hmac(b"secret", "2"),
        Signer::ec().token("1", &claims()),
        Signer::ed().token("1", &claims()),
        signer.token("3", &claims()),
        signer.token_with(&json!({"alg": "ES384", "kid": "1"}), &claims()),
        signer.token_with(&critical, &claims()),
    ] {
        assert_unknown(&send_with(&app, &token, WHO).await);
    }
}

async fn signatures_of_every_kind_are_verified(app: TestApp) {
    let (ed, ec) = (Signer::ed(), Signer::ec());
    // The RSA key and its tokens are from openssl; the private half was thrown away.
    let rsa: Value = serde_json::from_str(include_str!("../data/jwt-rsa.json")).unwrap();
    let file = file(&[ed.key("ed"), ec.key("ec"), rsa["jwks"]["keys"][0].clone()]);
    let app = app_with_file(&app, &file).await;
    let tokens = &rsa["tokens"];
    for token in [
        ed.token("ed", &claims()),
        ec.token("ec", &claims()),
        tokens["RS256"].as_str().unwrap().to_owned(),
        tokens["PS256"].as_str().unwrap().to_owned(),
    ] {
        assert_eq!(send_with(&app, &token, WHO).await.status, StatusCode::OK);
        let place = token.len() - 10;
        let other = if token.as_bytes()[place] == b'A' {
            "B"
        } else {
            "A"
        };
        let mut changed = token;
        changed.replace_range(place..=place, other);
        assert_unknown(&send_with(&app, &changed, WHO).await);
    }
}

/// An issuer on a socket, whose keys can be changed, and who counts how often it is asked.
struct Issuer {
    url: String,
    keys: Arc<std::sync::Mutex<Vec<Value>>>,
    asked: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Issuer {
    async fn start(keys: Vec<Value>) -> Self {
        let keys = Arc::new(std::sync::Mutex::new(keys));
        let asked = Arc::new(AtomicU64::new(0));
        let (shown, count) = (Arc::clone(&keys), Arc::clone(&asked));
        let page = move || {
            count.fetch_add(1, Ordering::SeqCst);
            let text = json!({ "keys": *shown.lock().unwrap() }).to_string();
            async move { text }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let router = Router::new().route("/keys", get(page));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            keys,
            asked,
            task,
        }
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn a_new_key_is_fetched_and_the_issuer_is_not_flooded(app: TestApp) {
    app.set_now("2026-03-01T12:00:00Z");
    let (old, new) = (Signer::ed(), Signer::ec());
    let issuer = Issuer::start(vec![old.key("old")]).await;
    let server = app_with(&app, &issuer.url).await;
    assert_eq!(
        send_with(&server, &old.token("old", &claims()), WHO)
            .await
            .status,
        200
    );
    issuer.keys.lock().unwrap().push(new.key("new"));
    let token = new.token("new", &claims());
    // Asked for just now, so not again yet.
    for _ in 0..5 {
        assert_unknown(&send_with(&server, &token, WHO).await);
    }
    assert_eq!(issuer.asked(), 1);
    app.set_now("2026-03-01T12:00:31Z");
    assert_eq!(send_with(&server, &token, WHO).await.status, 200);
    for _ in 0..5 {
        let made_up = new.token("made up", &claims());
        assert_unknown(&send_with(&server, &made_up, WHO).await);
    }
    assert_eq!(issuer.asked(), 2);
}

async fn keys_that_were_withdrawn_stop_working(app: TestApp) {
    app.set_now("2026-03-01T11:00:00Z");
    let (gone, stays) = (Signer::ed(), Signer::ec());
    let issuer = Issuer::start(vec![gone.key("gone"), stays.key("stays")]).await;
    let server = app_with(&app, &issuer.url).await;
    let token = gone.token("gone", &claims());
    assert_eq!(send_with(&server, &token, WHO).await.status, 200);
    issuer.keys.lock().unwrap().remove(0);
    app.set_now("2026-03-01T11:10:00Z");
    assert_unknown(&send_with(&server, &token, WHO).await);
    // While the issuer does not answer, what is known counts.
    issuer.keys.lock().unwrap().clear();
    app.set_now("2026-03-01T11:30:00Z");
    let token = stays.token("stays", &claims());
    assert_eq!(send_with(&server, &token, WHO).await.status, 200);
}

/// Opens a stream that has told something.
async fn open_stream(app: &TestApp, token: &str, query: &str) -> EventStream {
    let query = json!({ "query": query });
    let request = Request::post("/graphql/stream")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(query.to_string()))
        .unwrap();
    let answer = app.router().clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut stream = EventStream::new(answer.into_body());
    assert_eq!(stream.next().await.unwrap().0, "next");
    stream
}

async fn server_that_looks_at_keys_every(
    pause: Duration,
    app: &TestApp,
    issuer: &Issuer,
) -> TestApp {
    let mut live = Live::default();
    live.timing.recheck = pause;
    let auth = auth_with(app, &issuer.url).await;
    app.serving(|state| state.with_auth(auth).with_live(live))
}

async fn what_is_open_ends_with_its_token_or_key(app: TestApp) {
    app.set_now("2026-03-01T11:00:00Z");
    let query = eager(&app).await;
    let (gone, stays) = (Signer::ed(), Signer::ec());
    let issuer = Issuer::start(vec![gone.key("gone"), stays.key("stays")]).await;
    let server = server_that_looks_at_keys_every(Duration::from_millis(50), &app, &issuer).await;
    let mut of_gone = open_stream(&server, &gone.token("gone", &claims()), &query).await;
    let mut of_stays = open_stream(&server, &stays.token("stays", &claims()), &query).await;
    issuer.keys.lock().unwrap().remove(0);
    app.set_now("2026-03-01T11:10:00Z");
    assert_eq!(of_gone.next().await, None);
    release().record(&app).await;
    assert_eq!(of_stays.next().await.unwrap().0, "next");

    // A token is good for a minute longer than it says. Nobody looks at its key again here.
    let server = server_that_looks_at_keys_every(Duration::from_hours(1), &app, &issuer).await;
    let token = stays.token("stays", &claims());
    let query = eager(&app).await;
    let mut expires = open_stream(&server, &token, &query).await;
    app.set_now("2026-03-01T12:05:59.999Z");
    release().record(&app).await;
    assert_eq!(expires.next().await.unwrap().0, "next");
    app.set_now("2026-03-01T12:06:00Z");
    assert_eq!(expires.next().await, None);
}

async fn a_file_is_read_again_when_a_key_is_unknown(app: TestApp) {
    app.set_now("2026-03-01T12:00:00Z");
    let (old, new) = (Signer::ed(), Signer::ec());
    let file = file(&[old.key("old")]);
    let server = app_with_file(&app, &file).await;
    write(&file, &[new.key("new")]);
    app.set_now("2026-03-01T12:00:31Z");
    assert_eq!(
        send_with(&server, &new.token("new", &claims()), WHO)
            .await
            .status,
        200
    );
    assert_unknown(&send_with(&server, &old.token("old", &claims()), WHO).await);
}

async fn orlos_own_tokens_work_beside_them(app: TestApp) {
    let file = file(&[Signer::ed().key("1")]);
    let server = app_with_file(&app, &file).await;
    let secret = super::issue(&app, "ci", entity::TokenScope::Read).await;
    let answer = send_with(&server, &secret, WHO).await.json();
    assert_eq!(answer["data"]["server"]["actor"], "ci");
}

#[tokio::test]
async fn keys_come_over_no_open_line_and_from_no_missing_file() {
    for (keys, reason) in [
        ("http://id.example.org/keys", "over https"),
        ("/no/such/file", "cannot read the keys"),
    ] {
        let options = JwtOptions {
            keys: keys.to_owned(),
            issuer: ISSUER.to_owned(),
            audience: "orlo".to_owned(),
            claims: ClaimRules {
                scope: String::new(),
                scope_prefix: String::new(),
                person: String::new(),
            },
        };
        let clock = Arc::new(orlo::service::clock::SystemClock);
        let error = Jwt::open(options, clock).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

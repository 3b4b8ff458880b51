//! Which form of answer a client takes.

use axum::http::{HeaderMap, StatusCode, header};
use mime::Mime;

use crate::http::problem::Problem;

/// The forms of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/graphql-response+json`: the status tells whether the request was executed.
    GraphQlResponse,
    /// `application/json`: every well-formed request is answered with 200.
    Json,
}

impl Format {
    /// The form that the client likes best; JSON when it does not say.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut best: Option<(f32, u8, Self)> = None;
        let mut is_silent = true;
        for value in headers.get_all(header::ACCEPT) {
            is_silent = false;
            for range in value.to_str().unwrap_or_default().split(',') {
                let Some(offer) = offer(range) else { continue };
                if best.is_none_or(|known| (offer.0, offer.1) > (known.0, known.1)) {
                    best = Some(offer);
                }
            }
        }
        match best {
            Some((_, _, format)) => Ok(format),
            None if is_silent => Ok(Self::Json),
            None => {
                let message = "answers are application/graphql-response+json or application/json";
                Err(Problem::new(
                    StatusCode::NOT_ACCEPTABLE,
                    "BAD_REQUEST",
                    message,
                ))
            }
        }
    }

    /// The type of the answer's body.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::GraphQlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// How much a media range is wanted (quality, then how exactly it is named), and what it gets.
fn offer(range: &str) -> Option<(f32, u8, Format)> {
    let range: Mime = range.trim().parse().ok()?;
    let quality = range
        .get_param("q")
        .map_or(Some(1.0), |q| q.as_str().parse().ok())?;
    let other_charset = range
        .get_param("charset")
        .is_some_and(|charset| charset.as_str() != "utf-8");
    if quality <= 0.0 || other_charset {
        return None;
    }
    match range.essence_str() {
        "application/graphql-response+json" => Some((quality, 2, Format::GraphQlResponse)),
        "application/json" => Some((quality, 1, Format::Json)),
        "application/*" | "*/*" => Some((quality, 0, Format::Json)),
        _ => None,
    }
}

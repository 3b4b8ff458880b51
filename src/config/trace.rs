//! Where traces go.

use anyhow::{Context, bail};
use clap::Args;
use reqwest::Url;

use crate::http::trace::TraceOptions;

/// What a base URL is followed by.
const TRACES_PATH: &str = "v1/traces";

/// Where traces go. What is not here is set by OpenTelemetry's own variables, which its library
/// reads: headers, sampling, batches.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Traces")]
pub struct TraceArgs {
    /// Send traces to the collector at this URL, e.g. `http://localhost:4318`, by OTLP
    #[arg(
        long,
        env = "ORLO_OTLP_ENDPOINT",
        value_name = "URL",
        long_help = "Send traces to the collector at this URL, e.g. `http://localhost:4318`, by OTLP \
        (HTTP, protobuf); `/v1/traces` is added to it. When it is not given, the variables \
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and OTEL_EXPORTER_OTLP_ENDPOINT count"
    )]
    pub otlp_endpoint: Option<String>,
    /// What this server is called in traces; `orlo` unless set
    #[arg(long, env = "OTEL_SERVICE_NAME", value_name = "NAME")]
    pub otlp_service_name: Option<String>,
}

impl TraceArgs {
    /// Where traces go; nowhere unless set.
    ///
    /// # Errors
    /// When what is set is no URL to send them to.
    pub fn options(&self) -> anyhow::Result<Option<TraceOptions>> {
        let url = self.url(|name| std::env::var(name).ok().filter(|text| !text.is_empty()))?;
        Ok(url.map(|url| TraceOptions {
            url: url.into(),
            service_name: self.otlp_service_name.clone(),
        }))
    }

    fn url(&self, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<Url>> {
        let own = self.otlp_endpoint.clone().filter(|text| !text.is_empty());
        if let Some(base) = own {
            return in_base(&base).context("--otlp-endpoint").map(Some);
        }
        let is_off = variable("OTEL_SDK_DISABLED")
            .is_some_and(|is| is.eq_ignore_ascii_case("true"))
            || variable("OTEL_TRACES_EXPORTER").is_some_and(|exporter| exporter == "none");
        if is_off {
            return Ok(None);
        }
        let name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        if let Some(url) = variable(name) {
            return parse(&url).context(name).map(Some);
        }
        let name = "OTEL_EXPORTER_OTLP_ENDPOINT";
        let base = variable(name);
        base.map(|base| in_base(&base).context(name)).transpose()
    }
}

fn in_base(base: &str) -> anyhow::Result<Url> {
    let mut url = parse(base)?;
    let path = url.path().trim_end_matches('/');
    url.set_path(&format!("{path}/{TRACES_PATH}"));
    Ok(url)
}

/// The URL is never part of the error: it may hold what nobody else may read.
fn parse(text: &str) -> anyhow::Result<Url> {
    let url: Url = text.parse().context("not a URL")?;
    if !matches!(url.scheme(), "http" | "https") {
        bail!("a URL of a collector begins with http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        bail!("credentials belong in OTEL_EXPORTER_OTLP_HEADERS");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(own: Option<&str>, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let args = TraceArgs {
            otlp_endpoint: own.map(ToOwned::to_owned),
            otlp_service_name: None,
        };
        let variable = |name: &str| {
            let mut variables = variables.iter();
            let (_, value) = variables.find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        };
        let url = args.url(variable).map_err(|error| format!("{error:#}"))?;
        Ok(url.map(Into::into))
    }

    #[test]
    fn traces_go_where_they_are_told_to() {
        const BASE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        const EXACT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        let own = Some("http://own:4318");
        for (own, variables, expected) in [
            (None, vec![], None),
            (Some(""), vec![], None),
            (own, vec![], Some("http://own:4318/v1/traces")),
            (Some("https://a/b/"), vec![], Some("https://a/b/v1/traces")),
            (
                own,
                vec![(BASE, "http://c")],
                Some("http://own:4318/v1/traces"),
            ),
            (
                None,
                vec![(BASE, "http://c:1")],
                Some("http://c:1/v1/traces"),
            ),
            (
                None,
                vec![(EXACT, "http://d/e"), (BASE, "http://c")],
                Some("http://d/e"),
            ),
            (
                None,
                vec![(BASE, "http://c"), ("OTEL_SDK_DISABLED", "true")],
                None,
            ),
            (
                None,
                vec![(BASE, "http://c"), ("OTEL_TRACES_EXPORTER", "none")],
                None,
            ),
        ] {
            let found = url(own, &variables);
            assert_eq!(found, Ok(expected.map(ToOwned::to_owned)), "{variables:?}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_it() {
        for text in [
            "localhost:4318",
            "hidden",
            "ftp://hidden",
            "http://u:hidden@a",
        ] {
            let error = url(Some(text), &[]).unwrap_err();
            assert!(error.starts_with("--otlp-endpoint: "), "{error}");
            assert!(!error.contains("hidden"), "{error}");
        }
    }
}

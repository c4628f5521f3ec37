//! Logs and traces of a process.
//!
//! Logs go to standard error, pretty or as JSON lines that carry the trace they belong to. Spans go to an OTLP
//! endpoint when one is configured; without one they still have ids, so that logs can be joined and callers'
//! traces passed on.

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde::Deserialize;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use self::json::JsonLines;

mod json;

/// Crates whose spans never go to the exporter: it speaks gRPC itself, and would trace its own sending.
const NOT_EXPORTED: &[&str] =
    &["h2", "hyper", "hyper_util", "tonic", "tower", "opentelemetry", "opentelemetry_sdk"];

/// Crates that log or trace statements, their values or URLs with passwords below this level; no filter of the
/// configuration lowers it.
const SECRETIVE: &[&str] = &["sqlx", "sea_orm", "sea_orm_migration"];

/// The `[telemetry]` section; `telemetry.default.toml` says what each key means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// How logs look.
    pub format: LogFormat,
    /// What is logged, as tracing directives.
    pub filter: String,
    /// Where spans are sent over OTLP/gRPC; empty sends none.
    pub otlp_endpoint: String,
}

/// How logs look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { format: LogFormat::Pretty, filter: "info".to_owned(), otlp_endpoint: String::new() }
    }
}

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error(
        "configuration key telemetry.filter: expected tracing directives such as info,fenliu_dispatch=debug"
    )]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter does not take the endpoint.
    #[error("configuration key telemetry.otlp_endpoint: expected an address such as http://127.0.0.1:4317")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Somebody else collects logs in this process already.
    #[error("telemetry was started twice")]
    Started(#[from] tracing_subscriber::util::TryInitError),
}

/// Keeps telemetry going. Flush it before the process ends, or the last spans are lost.
#[derive(Debug)]
#[must_use = "spans that were not flushed are lost"]
pub struct TelemetryGuard {
    provider: SdkTracerProvider,
    meters: Option<SdkMeterProvider>,
}

impl TelemetryGuard {
    /// Sends every span that has ended, and waits for it. A collector that does not answer is waited for as
    /// long as the exporter's own timeout (10 s).
    pub async fn flush(&self) {
        let provider = self.provider.clone();
        let flushed = tokio::task::spawn_blocking(move || provider.force_flush()).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "not every span could be sent");
        }
    }

    /// Flushes, and ends the export for good.
    pub async fn shutdown(self) {
        let ended = tokio::task::spawn_blocking(move || {
            let counted = self.meters.map_or(Ok(()), |meters| meters.shutdown());
            self.provider.shutdown().and(counted)
        });
        if let Ok(Err(error)) = ended.await {
            tracing::warn!(%error, "not every span and number could be sent");
        }
    }
}

/// Starts logs and traces for the whole process, once. Call it within a tokio runtime.
///
/// # Errors
/// When the filter or the endpoint cannot be read, or telemetry was started before.
pub fn start(config: &TelemetryConfig, service_name: &'static str) -> Result<TelemetryGuard, TelemetryError> {
    let provider = provider(config, service_name)?;
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("fenliu"))
        .with_location(false)
        .with_threads(false)
        .with_filter(exported());
    let (json, pretty) = match config.format {
        LogFormat::Json => (Some(JsonLines::new(std::io::stderr).with_filter(logged(config)?)), None),
        LogFormat::Pretty => (None, Some(pretty().with_filter(logged(config)?))),
    };
    tracing_subscriber::registry().with(spans).with(json).with(pretty).try_init()?;
    let meters = meters(config, service_name)?;
    if let Some(meters) = &meters {
        opentelemetry::global::set_meter_provider(meters.clone());
    }
    Ok(TelemetryGuard { provider, meters })
}

/// Where numbers are sent, if anywhere.
fn meters(
    config: &TelemetryConfig,
    service_name: &'static str,
) -> Result<Option<SdkMeterProvider>, TelemetryError> {
    if config.otlp_endpoint.is_empty() {
        return Ok(None);
    }
    let exporter = MetricExporter::builder().with_tonic().with_endpoint(&config.otlp_endpoint).build()?;
    let resource = Resource::builder().with_service_name(service_name).build();
    Ok(Some(SdkMeterProvider::builder().with_resource(resource).with_periodic_exporter(exporter).build()))
}

fn pretty<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .compact()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
}

fn provider(
    config: &TelemetryConfig,
    service_name: &'static str,
) -> Result<SdkTracerProvider, TelemetryError> {
    let builder = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name(service_name).build());
    if config.otlp_endpoint.is_empty() {
        return Ok(builder.build());
    }
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(&config.otlp_endpoint).build()?;
    Ok(builder.with_batch_exporter(exporter).build())
}

/// What the logs show: the configured filter, but never what the secretive crates say below WARN.
fn logged<S: tracing::Subscriber>(
    config: &TelemetryConfig,
) -> Result<impl tracing_subscriber::layer::Filter<S> + use<S>, TelemetryError> {
    use tracing_subscriber::filter::FilterExt;
    let wanted = EnvFilter::builder().parse(&config.filter)?;
    let bounded = SECRETIVE.iter().map(|name| (*name, LevelFilter::WARN)).collect::<Targets>();
    Ok(wanted.and(bounded.with_default(LevelFilter::TRACE)))
}

/// Which spans have ids and are exported: ours and our dependencies' at INFO, without the exporter's own.
fn exported() -> Targets {
    NOT_EXPORTED
        .iter()
        .map(|name| (*name, LevelFilter::OFF))
        .chain(SECRETIVE.iter().map(|name| (*name, LevelFilter::WARN)))
        .collect::<Targets>()
        .with_default(LevelFilter::INFO)
}

#[cfg(test)]
mod tests;

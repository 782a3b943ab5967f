//! The stylesheet, the script and the icons: part of the binary, addressed by what they hold, so that a browser keeps
//! each as long as it likes and never shows a page with yesterday's.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::{
    error::{Answer, Problem},
    input::{Path, Query},
};

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
    /// Its address, with the beginning of its digest.
    address: String,
    digest: String,
}

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| asset("probity.css", "text/css; charset=utf-8", include_str!("../../assets/probity.css")));
static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| asset("probity.js", "text/javascript; charset=utf-8", include_str!("../../assets/probity.js")));
static PASSKEY: LazyLock<Asset> =
    LazyLock::new(|| asset("passkey.js", "text/javascript; charset=utf-8", include_str!("../../assets/passkey.js")));
static ICONS: LazyLock<Asset> =
    LazyLock::new(|| asset("icons.svg", "image/svg+xml; charset=utf-8", include_str!("../../assets/icons.svg")));

fn asset(name: &'static str, kind: &'static str, content: &'static str) -> Asset {
    let mut digest = String::new();
    for byte in ledger::sha256(content.as_bytes()).0.iter().take(8) {
        // Writing to a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    Asset { name, kind, content, address: format!("/assets/{name}?v={digest}"), digest }
}

/// Address of the stylesheet.
pub fn style() -> &'static str {
    &STYLE.address
}

/// Address of the script.
pub fn script() -> &'static str {
    &SCRIPT.address
}

/// Address of the script that speaks with passkeys.
pub fn passkey() -> &'static str {
    &PASSKEY.address
}

/// Address of the icons.
pub fn icons() -> &'static str {
    &ICONS.address
}

/// Which version of an asset is asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Version {
    v: Option<String>,
}

/// Serves an asset.
pub async fn serve(Path(name): Path<String>, Query(version): Query<Version>) -> Answer<Response> {
    let asset =
        [&STYLE, &SCRIPT, &PASSKEY, &ICONS].into_iter().find(|asset| asset.name == name).ok_or_else(Problem::hidden)?;
    let keep = if version.v.as_deref() == Some(asset.digest.as_str()) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    Ok(([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, keep)], asset.content).into_response())
}

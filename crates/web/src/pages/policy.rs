//! Settings in layers: what holds at a place, which layer decides it, and what the place's own layer makes stricter.

use std::collections::BTreeMap;

use askama::Template;
use axum::{http::StatusCode, response::Response};
use store::{
    Error, Refusal,
    acts::SetPolicy,
    views::{SettingShown, ShowPolicy},
};
use trial::{
    access::Scope,
    permission::Permission,
    policy::{Setting, Tier, Unit},
};

use super::{
    access::query,
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    people::Where,
    show::filters,
};
use crate::{error::Answer, input::Query};

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    frame: Frame,
    /// Of what, in words.
    of: String,
    scope: Scope,
    rows: Vec<Row>,
    /// Whether the reader makes settings stricter here.
    sets: bool,
    why: Refused,
}

/// A setting with what the form has for it.
struct Row {
    shown: SettingShown,
    value: String,
    justification: String,
}

/// Shows the settings.
pub async fn policy(reader: Reader, Query(asked): Query<Where>) -> Answer<Response> {
    page(&reader, StatusCode::OK, asked.scope(), None, Refused::default()).await
}

/// Sets this place's layer.
pub async fn set(reader: Reader, Query(asked): Query<Where>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let scope = asked.scope();
    let done = match layer(scope, &fields) {
        Ok(act) => reader.asker.act(act, request).await,
        Err(error) => Err(error),
    };
    match outcome(done)? {
        Ok(_) => Ok(to(format!("/policy{}", query(scope)))),
        Err((status, why)) => page(&reader, status, scope, Some(&fields), why).await,
    }
}

/// The layer that was typed: an empty value leaves a setting to what is above.
fn layer(scope: Scope, fields: &Fields) -> store::Result<SetPolicy> {
    let (mut values, mut justifications) = (BTreeMap::new(), BTreeMap::new());
    let mut refused = Vec::new();
    for setting in Setting::ALL.iter().copied() {
        if let Some(value) = fields.given(setting.code()) {
            match value.parse::<u32>() {
                Ok(value) => drop(values.insert(setting, value)),
                Err(_) => refused.push(Refusal {
                    field: setting.code().to_owned(),
                    code: "no_number",
                    message: "type a whole number, or nothing".to_owned(),
                }),
            }
        }
        if let Some(why) = fields.given(&why_field(setting)) {
            justifications.insert(setting, why.to_owned());
        }
    }
    if refused.is_empty() { Ok(SetPolicy { scope, values, justifications }) } else { Err(Error::Refused(refused)) }
}

/// The field in which a setting is justified.
fn why_field(setting: Setting) -> String {
    format!("why.{}", setting.code())
}

async fn page(
    reader: &Reader,
    status: StatusCode,
    scope: Scope,
    typed: Option<&Fields>,
    why: Refused,
) -> Answer<Response> {
    let settings = reader.asker.view(ShowPolicy { scope }).await?;
    let frame = reader.frame_at(scope, ["organization settings", "settings"]).await?;
    let tier = match scope {
        Scope::Organization => Tier::Organization,
        Scope::Study { .. } => Tier::Study,
        Scope::Country { .. } | Scope::Site { .. } => Tier::Site,
    };
    let row = |shown: SettingShown| {
        let own = shown.justifications.iter().find(|(of, _)| *of == tier).map(|(_, why)| why.clone());
        let (value, justification) = match typed {
            Some(fields) => {
                (fields.get(shown.setting.code()).to_owned(), fields.get(&why_field(shown.setting)).to_owned())
            }
            None => (shown.own.map(|own| own.to_string()).unwrap_or_default(), own.unwrap_or_default()),
        };
        Row { shown, value, justification }
    };
    let rows = settings.into_iter().map(row).collect();
    let of = frame.scope_name(&scope).unwrap_or_else(|| "a study".to_owned());
    let sets = frame.may_at(Permission::PolicySet, scope);
    render_as(status, &PolicyPage { of, scope, rows, sets, why, frame })
}

impl PolicyPage {
    fn query(&self) -> String {
        query(self.scope)
    }

    /// Refusals that belong to no setting of the table.
    fn beside(&self) -> Vec<&str> {
        let codes: Vec<&str> = Setting::ALL.iter().map(|setting| setting.code()).collect();
        self.why.beside(&codes.join(" "))
    }

    /// Sites of the page's study, whose settings stand on pages of their own.
    fn sites(&self) -> Vec<(String, &str)> {
        let (Scope::Study { study }, Some(shown)) = (self.scope, &self.frame.study) else { return Vec::new() };
        let address = |site| format!("/policy{}", query(Scope::Site { study, site }));
        shown.sites.iter().map(|site| (address(site.id), site.name.as_str())).collect()
    }
}

impl Row {
    fn is_switch(&self) -> bool {
        self.shown.setting.unit() == Unit::Switch
    }

    /// Whether what is above leaves anything to decide.
    fn is_decided(&self) -> bool {
        self.shown.loosest == self.shown.strictest && self.value.is_empty()
    }

    /// What the number counts.
    fn unit(&self) -> &'static str {
        match self.shown.setting.unit() {
            Unit::Switch | Unit::Times => "",
            Unit::Seconds => "seconds",
            Unit::Hours => "hours",
            Unit::Days => "days",
            Unit::Characters => "characters",
        }
    }

    /// From the loosest to the strictest, in words.
    fn range(&self) -> String {
        let words = |value| self.shown.setting.words(value);
        let number = |value| if value == trial::policy::NEVER { String::new() } else { format!(" ({value})") };
        let spelled = |value| match self.shown.setting.unit() {
            Unit::Seconds => format!("{}{}", words(value), number(value)),
            _ => words(value),
        };
        format!("{} to {}", spelled(self.shown.loosest), spelled(self.shown.strictest))
    }
}

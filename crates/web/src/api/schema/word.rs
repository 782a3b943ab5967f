//! Words of which there are so many and no more. The document lists them from where they are defined, so that it
//! cannot promise one that is not taken.

use serde::{Deserialize, Serialize};
use trial::{permission, policy, profile, role};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// A role: one that Probity brings, or `role:` and the id of one of the organization's own.
#[derive(Serialize, Deserialize)]
pub struct Role;

impl PartialSchema for Role {
    fn schema() -> RefOr<Schema> {
        let built_in: Vec<_> = role::Role::BUILT_IN.iter().map(|role| role.code()).collect();
        let own = "role:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
        text("A role that Probity brings, or `role:` and the id of one of the organization's own.")
            .pattern(Some(format!("^({}|{own})$", built_in.join("|"))))
            .examples(["coordinator"])
            .into()
    }
}

impl ToSchema for Role {}

/// Where a role may be granted.
#[derive(Serialize)]
pub struct Level;

impl PartialSchema for Level {
    fn schema() -> RefOr<Schema> {
        let levels = role::Level::ALL.iter().map(|level| level.code());
        text("Where a role may be granted.").enum_values(Some(levels)).into()
    }
}

impl ToSchema for Level {}

/// The code of a permission.
#[derive(Serialize)]
pub struct Permission;

impl PartialSchema for Permission {
    fn schema() -> RefOr<Schema> {
        let permissions = permission::Permission::ALL.iter().map(|permission| permission.code());
        text("The code of a permission.").enum_values(Some(permissions)).into()
    }
}

impl ToSchema for Permission {}

/// The code of a setting.
#[derive(Serialize)]
pub struct SettingCode;

impl PartialSchema for SettingCode {
    fn schema() -> RefOr<Schema> {
        let settings = policy::Setting::ALL.iter().map(|setting| setting.code());
        text("The code of a setting.").enum_values(Some(settings)).into()
    }
}

impl ToSchema for SettingCode {}

/// The code of a set of rules that a study may be run by.
#[derive(Serialize)]
pub struct RuleProfile;

impl PartialSchema for RuleProfile {
    fn schema() -> RefOr<Schema> {
        let profiles = profile::RuleProfile::ALL.iter().map(|profile| profile.code());
        text("The code of a set of rules that a study may be run by.").enum_values(Some(profiles)).into()
    }
}

impl ToSchema for RuleProfile {}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

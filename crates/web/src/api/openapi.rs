//! The OpenAPI document: made of the handlers' annotations, and of the route table for what all have in common.

use std::sync::OnceLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, Ref, RefOr, Required, Response as Described, ResponseBuilder,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    access, client, definition, duty, enrolment, export, form, grant, import, ledger, live, me, people, policy, role,
    routes, session, sign_on, study, subject,
};
use crate::{
    error::{FieldProblem, Problem},
    route::{Does, Doing, Table},
};

pub(super) fn table() -> Table {
    routes().get("/openapi.json", Does::public("describes the API: the same for everyone"), show)
}

/// This document
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "openapi", security(()),
    responses((status = 200, body = Object)))]
pub(super) async fn show() -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let text = DOCUMENT.get_or_init(|| document().to_json().unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Probity", version = "1", description = "The same acts and views as the pages, decided and recorded alike."),
    components(schemas(Problem, FieldProblem)),
    security(("session" = [])),
    paths(
        show,
        session::open, session::open_with_passkey, session::show, session::end, session::challenge,
        me::show, me::confirm, me::change_password, me::begin_second_factor, me::set_second_factor,
        me::add_passkey, me::remove_passkey, me::make_recovery_codes, me::sign_ins, me::events, me::read_notices,
        me::provider, me::end_link, me::sessions, me::end_session, me::end_others,
        people::list, people::add, people::renew, people::release, people::require_new_password,
        people::verify_identity, people::disable,
        enrolment::show, enrolment::enrol,
        grant::list, grant::give, grant::confirm, grant::end,
        role::list, role::define, role::change,
        policy::show, policy::set,
        sign_on::show, sign_on::set, sign_on::end,
        duty::mine, duty::sign, duty::list, duty::publish, duty::add_course, duty::change_course, duty::record,
        access::matrix, access::mine, access::ask, access::break_glass, access::requests, access::answer,
        access::review, access::delegations, access::delegate, access::end_delegation,
        client::mine, client::register, client::end_own, client::list, client::end,
        study::mine, study::register, study::show, study::sites, study::add_site,
        live::show, live::activate,
        definition::show, definition::publish,
        subject::list, subject::add, subject::show, subject::erase,
        form::show, form::save, form::history,
        import::list, import::take,
        export::export,
        ledger::head, ledger::entries, ledger::proof,
    ),
)]
struct Annotated;

/// The document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Annotated::openapi();
    if let Some(components) = &mut document.components {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "The token that `POST /api/v1/session` answers, or that of a program or a device, which `POST \
                 /api/v1/account/clients` answers",
            ))
            .build();
        components.security_schemes.insert("session".to_owned(), SecurityScheme::Http(bearer).into());
    }
    for route in super::table().routes() {
        let Some(item) = document.paths.paths.get_mut(&route.path) else { continue };
        let (operation, writes) = match route.method {
            "GET" => (&mut item.get, false),
            "POST" => (&mut item.post, true),
            "PUT" => (&mut item.put, true),
            _ => (&mut item.delete, true),
        };
        if let Some(operation) = operation {
            complete(operation, &route.does, writes);
        }
    }
    document
}

/// Adds what every operation has: what it does and needs, its request id, its failures.
fn complete(operation: &mut Operation, does: &[Doing], writes: bool) {
    let needs: Vec<String> = does
        .iter()
        .filter_map(|doing| Some(format!("`{}` (needs {}{})", doing.name(), doing.needs()?.code(), doing.lately())))
        .collect();
    if !needs.is_empty() {
        let said = operation.description.take().map_or_else(String::new, |said| format!("{said}\n\n"));
        operation.description = Some(format!("{said}Does {}.", needs.join(", ")));
    }
    let open = operation.security.is_some();
    // Proving oneself is the one write that is not repeated safely by its id: each time something else is shown.
    let first = does.first().map(Doing::name);
    let proves = matches!(first, Some("session.open" | "session.confirm"));
    let guessed = proves || first == Some("account.change_password");
    if writes && !proves {
        operation.parameters.get_or_insert_default().push(RefOr::T(request_id()));
    }
    for (status, why) in FAILURES {
        let here = match *status {
            "401" => !open,
            "413" | "415" => writes,
            "409" => writes,
            "429" => guessed || !open,
            _ => true,
        };
        if here {
            operation.responses.responses.insert((*status).to_owned(), RefOr::T(problem(why)));
        }
    }
}

const FAILURES: &[(&str, &str)] = &[
    ("400", "It could not be understood, or carries no request id"),
    ("401", "Nobody is signed in, or the session has ended; `step_up`: confirm first that it is you"),
    ("403", "One's roles do not include this, or the request comes from a page of another site"),
    ("404", "There is no such record, or none that one may see"),
    ("409", "The record changed meanwhile, or the request id was used for another request"),
    ("413", "The body is larger than this address takes"),
    ("415", "The body is not of the kind that this address takes"),
    ("422", "Refused; `fields` says where and why"),
    ("429", "Too many attempts failed, or `pace`: faster than anybody works; Retry-After says how long to wait"),
    ("500", "Something failed inside; `incident` names it in the log. Nothing was stored"),
    ("503", "Too much to do just now; Retry-After says when to try again. Nothing was stored"),
];

fn problem(why: &str) -> Described {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(why).content("application/problem+json", content).build()
}

fn request_id() -> Parameter {
    let uuid =
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("A new UUID for each request. A retry under the same one is done once, and answered alike."))
        .schema(Some(uuid))
        .build()
}

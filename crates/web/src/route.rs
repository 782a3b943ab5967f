//! The route table. A route is mounted with what it does, or not at all: the router inside is private, and
//! [`Does`] has no empty value. What a route declares is also all that its handler may do (see
//! [`crate::session::Asker`]), so the declaration cannot drift from the deed.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request},
    handler::Handler,
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use store::{Act, Freshness, View};
use trial::permission::Permission;

use crate::state::AppState;

/// Bytes of a request's body where a route does not say otherwise.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A thing that a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// An act of the store.
    Act {
        /// Its name.
        name: &'static str,
        /// What it needs.
        needs: Permission,
        /// How lately one must have shown who one is.
        fresh: Freshness,
    },
    /// A view of the store.
    View {
        /// Its name.
        name: &'static str,
        /// What it needs.
        needs: Permission,
        /// How lately one must have shown who one is.
        fresh: Freshness,
    },
    /// Nothing that is anybody's: what is shown is the same for everyone.
    Public {
        /// Why that is right.
        why: &'static str,
    },
}

impl Doing {
    /// The name of the act or view; `public` where it is neither.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Doing::Act { name, .. } | Doing::View { name, .. } => name,
            Doing::Public { .. } => "public",
        }
    }

    /// How lately one must have shown who one is, in words; empty where an open session is enough.
    #[must_use]
    pub const fn lately(&self) -> &'static str {
        match self {
            Doing::Act { fresh: Freshness::Strong, .. } | Doing::View { fresh: Freshness::Strong, .. } => {
                ", confirmed within 15 minutes"
            }
            Doing::Act { fresh: Freshness::Own, .. } | Doing::View { fresh: Freshness::Own, .. } => {
                ", confirmed within 15 minutes or by a recovery code"
            }
            _ => "",
        }
    }

    /// The permission it needs.
    #[must_use]
    pub const fn needs(&self) -> Option<Permission> {
        match self {
            Doing::Act { needs, .. } | Doing::View { needs, .. } => Some(*needs),
            Doing::Public { .. } => None,
        }
    }
}

/// What a route does: at least one thing. There is no “none”.
#[derive(Debug, Clone)]
pub struct Does {
    doings: Vec<Doing>,
    body_max: usize,
}

impl Does {
    /// An act.
    #[must_use]
    pub fn act<A: Act>() -> Self {
        Does::only(Doing::Act { name: A::NAME, needs: A::NEEDS, fresh: A::FRESH })
    }

    /// A view.
    #[must_use]
    pub fn view<V: View>() -> Self {
        Does::only(Doing::View { name: V::NAME, needs: V::NEEDS, fresh: V::FRESH })
    }

    /// Something that is the same for everyone. The persona test holds the exact list of such routes.
    #[must_use]
    pub fn public(why: &'static str) -> Self {
        Does::only(Doing::Public { why })
    }

    /// An act besides.
    #[must_use]
    pub fn and_act<A: Act>(mut self) -> Self {
        self.doings.push(Doing::Act { name: A::NAME, needs: A::NEEDS, fresh: A::FRESH });
        self
    }

    /// A view besides.
    #[must_use]
    pub fn and_view<V: View>(mut self) -> Self {
        self.doings.push(Doing::View { name: V::NAME, needs: V::NEEDS, fresh: V::FRESH });
        self
    }

    /// Takes bodies of up to so many bytes, for files.
    #[must_use]
    pub fn body_max(mut self, bytes: usize) -> Self {
        self.body_max = bytes;
        self
    }

    /// What it does, for what answers in its place.
    pub(crate) fn declared(self) -> Declared {
        Declared(self.doings.into())
    }

    fn only(doing: Doing) -> Self {
        Does { doings: vec![doing], body_max: BODY_BYTES_MAX }
    }
}

/// What the route of a request declared, for the extractors.
#[derive(Debug, Clone)]
pub(crate) struct Declared(pub(crate) Arc<[Doing]>);

/// A mounted route.
#[derive(Debug, Clone)]
pub struct Route {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// As axum and OpenAPI both write it: `/subjects/{subject}`.
    pub path: String,
    /// What it does.
    pub does: Vec<Doing>,
}

/// Routes with what each does. There is no way to mount a handler without saying so:
///
/// ```compile_fail
/// async fn hello() {}
/// let table = web::Table::new().get("/hello", hello);
/// ```
#[derive(Default)]
pub struct Table {
    router: Router<AppState>,
    routes: Vec<Route>,
    prefix: &'static str,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Table::default()
    }

    /// An empty table whose paths all begin with `prefix`.
    #[must_use]
    pub fn under(prefix: &'static str) -> Self {
        Table { prefix, ..Table::default() }
    }

    /// Mounts a handler for GET (and HEAD).
    #[must_use]
    pub fn get<H: Handler<T, AppState>, T: 'static>(self, path: &str, does: Does, handler: H) -> Self {
        self.mount("GET", MethodFilter::GET, path, does, handler)
    }

    /// Mounts a handler for POST.
    #[must_use]
    pub fn post<H: Handler<T, AppState>, T: 'static>(self, path: &str, does: Does, handler: H) -> Self {
        self.mount("POST", MethodFilter::POST, path, does, handler)
    }

    /// Mounts a handler for PUT.
    #[must_use]
    pub fn put<H: Handler<T, AppState>, T: 'static>(self, path: &str, does: Does, handler: H) -> Self {
        self.mount("PUT", MethodFilter::PUT, path, does, handler)
    }

    /// Mounts a handler for DELETE.
    #[must_use]
    pub fn delete<H: Handler<T, AppState>, T: 'static>(self, path: &str, does: Does, handler: H) -> Self {
        self.mount("DELETE", MethodFilter::DELETE, path, does, handler)
    }

    /// Takes in another table's routes.
    #[must_use]
    pub fn merge(mut self, other: Table) -> Self {
        self.router = self.router.merge(other.router);
        self.routes.extend(other.routes);
        self
    }

    /// Every route.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    pub(crate) fn into_router(self) -> Router<AppState> {
        self.router
    }

    fn mount<H: Handler<T, AppState>, T: 'static>(
        mut self,
        method: &'static str,
        filter: MethodFilter,
        path: &str,
        does: Does,
        handler: H,
    ) -> Self {
        let path = format!("{}{path}", self.prefix);
        let declared = Declared(does.doings.as_slice().into());
        let max = does.body_max;
        let handler = handler
            .layer(DefaultBodyLimit::max(max))
            .layer(from_fn(move |request: Request, next: Next| no_longer_than(max, request, next)))
            .layer(Extension(declared));
        self.router = self.router.route(&path, on(filter, handler));
        self.routes.push(Route { method, path, does: does.doings });
        self
    }
}

/// Refuses a body that says it is too long before any of it is read. One that does not say is stopped where it becomes so.
async fn no_longer_than(max: usize, request: Request, next: Next) -> Response {
    let said =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|said| said > max) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    next.run(request).await
}

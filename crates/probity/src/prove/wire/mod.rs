//! What is done on the wire to prove how we speak there: authorities of a moment, connections over TLS, hellos that no
//! proper client would send, and somebody who stands in a database's place.

mod authority;
mod hello;
mod impostor;
mod line;

pub(crate) use self::{
    authority::{Authority, Pair},
    hello::{Hello, Reply, TLS_1_2, TLS_1_3},
    impostor::Impostor,
    line::{Line, in_clear},
};

use std::time::Duration;

/// How long the other side may take to say something.
const PATIENCE: Duration = Duration::from_secs(10);

//! Files through the whole of it: read, checked, stored sealed, handed out again. Real studies come back equal; what is
//! broken leaves nothing behind.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod broken;
mod corpus;
mod world;

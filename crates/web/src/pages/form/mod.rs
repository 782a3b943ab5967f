//! The form: laid out from its definition, filled with what is saved, saved as it is typed.

mod control;
mod model;
mod page;
mod save;

pub use model::label;
pub use page::{asked, form, saved};

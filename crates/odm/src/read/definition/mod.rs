//! Study definitions from elements: ODM 1.3 as it is, ODM 2.0 mapped onto it.

mod code_list;
mod event;
mod group;
mod item;
mod rule;
mod text;
mod version;

pub(super) use group::OWN_ITEMS;
pub(super) use text::text;
pub(super) use version::{list, study};

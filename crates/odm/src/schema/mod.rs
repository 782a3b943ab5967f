//! What CDISC ODM allows where: elements, their order, their attributes and the form of their texts.
//!
//! The rules are tables in the two text files beside this one, read once. They are enough to tell a valid file
//! from one that deviates, and where. Three things of the XML Schemas are left out: uniqueness of OIDs is
//! [`trial::definition::check`]'s, uniqueness of `ID`s is not checked (it would need memory that grows with the
//! file), and the XHTML that ODM 2.0 allows in a text is kept unread.

mod content;
mod simple;
mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) use content::Step;
pub(crate) use simple::{
    SimpleType, is_date, is_datetime, is_decimal, is_language, is_ncname, is_sas_format, is_sas_name,
};

use content::Content;

/// An edition of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edition {
    /// 1.3, 1.3.1 and 1.3.2.
    V1_3,
    /// 2.0.
    V2_0,
}

impl Edition {
    /// The XML namespace of its elements.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::V1_3 => "http://www.cdisc.org/ns/odm/v1.3",
            Self::V2_0 => "http://www.cdisc.org/ns/odm/v2.0",
        }
    }

    /// The edition with this namespace.
    pub fn of_namespace(namespace: &str) -> Option<Self> {
        [Self::V1_3, Self::V2_0].into_iter().find(|edition| edition.namespace() == namespace)
    }

    pub(crate) fn schema(self) -> &'static Schema {
        match self {
            Self::V1_3 => &V1_3,
            Self::V2_0 => &V2_0,
        }
    }
}

static V1_3: LazyLock<Schema> = LazyLock::new(|| table::read(include_str!("odm13.txt")));
static V2_0: LazyLock<Schema> = LazyLock::new(|| table::read(include_str!("odm20.txt")));

/// The rules of one edition.
pub(crate) struct Schema {
    elements: Vec<ElementRule>,
    by_name: HashMap<&'static str, ElementId>,
}

/// An element's place in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ElementId(u16);

/// What an element may hold.
pub(crate) struct ElementRule {
    pub(crate) name: &'static str,
    pub(crate) attributes: Vec<AttributeRule>,
    /// Bit n is set where attribute n is required.
    pub(crate) required: u32,
    pub(crate) text: Option<SimpleType>,
    content: Content,
}

/// An attribute of an element.
pub(crate) struct AttributeRule {
    pub(crate) name: &'static str,
    pub(crate) simple: SimpleType,
}

impl Schema {
    pub(crate) fn id(&self, name: &str) -> Option<ElementId> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn rule(&self, id: ElementId) -> &ElementRule {
        self.elements.get(usize::from(id.0)).expect("an ElementId comes from its own schema")
    }

    /// The names of elements that may follow.
    pub(crate) fn expected(&self, id: ElementId, at: Step) -> Vec<&'static str> {
        self.rule(id).content.next(at).iter().map(|(element, _)| self.rule(*element).name).collect()
    }
}

impl ElementRule {
    /// The step after `child`, where it may come at `at`.
    pub(crate) fn step(&self, at: Step, child: ElementId) -> Option<Step> {
        self.content.next(at).iter().find(|(element, _)| *element == child).map(|(_, step)| *step)
    }

    /// The element called `name`, where it may come at `at`.
    pub(crate) fn next_named(&self, at: Step, name: &str, schema: &Schema) -> Option<ElementId> {
        let mut next = self.content.next(at).iter();
        next.find(|(element, _)| schema.rule(*element).name == name).map(|(element, _)| *element)
    }

    /// Whether the content may end at `at`.
    pub(crate) fn may_end(&self, at: Step) -> bool {
        self.content.may_end(at)
    }
}

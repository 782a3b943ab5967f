//! Reads the rule tables. They are part of the program: a mistake in them is found by the first test.

use std::collections::HashMap;

use super::content::Model;
use super::simple::SimpleType;
use super::{AttributeRule, ElementId, ElementRule, Schema};

pub(super) fn read(table: &'static str) -> Schema {
    let lines = || table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let enumerations: HashMap<&str, Vec<&'static str>> = lines()
        .filter_map(|line| line.strip_prefix("type ")?.split_once(" = "))
        .map(|(name, values)| (name, values.split('|').collect()))
        .collect();
    let rows: Vec<(&'static str, &'static str)> =
        lines().filter(|line| !line.starts_with("type ")).filter_map(|line| line.split_once(" =")).collect();
    let by_name: HashMap<&'static str, ElementId> = rows
        .iter()
        .enumerate()
        .map(|(at, (name, _))| (*name, ElementId(u16::try_from(at).expect("fewer than 65,536 elements"))))
        .collect();
    let elements = rows.iter().map(|(name, body)| rule(name, body, &by_name, &enumerations)).collect();
    Schema { elements, by_name }
}

fn rule(
    name: &'static str,
    body: &'static str,
    by_name: &HashMap<&'static str, ElementId>,
    enumerations: &HashMap<&str, Vec<&'static str>>,
) -> ElementRule {
    let (content, attributes) = body.split_once('@').unwrap_or((body, ""));
    let mut rules = Vec::new();
    let mut required = 0;
    for attribute in attributes.split_whitespace() {
        let (name, simple) = match attribute.strip_prefix("xml:lang") {
            Some(rest) => ("xml:lang", rest.trim_start_matches(':')),
            None => attribute.split_once(':').unwrap_or((attribute, "text")),
        };
        if name.ends_with('!') {
            required |= 1 << rules.len();
        }
        rules.push(AttributeRule { name: name.trim_end_matches('!'), simple: simple_type(simple, enumerations) });
    }
    let content = content.trim();
    let text = content.strip_prefix('#').map(|simple| simple_type(simple, enumerations));
    let content = if text.is_some() { "" } else { content };
    let mut tokens = Tokens { rest: content, by_name };
    let content = tokens.sequence().compile();
    ElementRule { name, attributes: rules, required, text, content }
}

fn simple_type(name: &str, enumerations: &HashMap<&str, Vec<&'static str>>) -> SimpleType {
    match enumerations.get(name) {
        Some(values) => SimpleType::OneOf(values.clone()),
        None => {
            SimpleType::named(name).unwrap_or_else(|| panic!("the rule table names a type {name} that there is not"))
        }
    }
}

struct Tokens<'a> {
    rest: &'a str,
    by_name: &'a HashMap<&'static str, ElementId>,
}

impl Tokens<'_> {
    /// Parts up to a `)` or `|`, or the end.
    fn sequence(&mut self) -> Model {
        let mut parts = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.chars().next() {
                None | Some(')' | '|') => return Model::Sequence(parts),
                Some('(') => {
                    self.rest = self.rest.get(1..).unwrap_or("");
                    let group = self.choice();
                    parts.push(self.times(group));
                }
                Some(_) => {
                    let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
                    let (name, rest) = self.rest.split_at(end);
                    self.rest = rest;
                    let element = self.by_name.get(name).unwrap_or_else(|| panic!("no rule for element {name}"));
                    parts.push(self.times(Model::Element(*element)));
                }
            }
        }
    }

    /// Sequences with `|` between, up to and with the `)`.
    fn choice(&mut self) -> Model {
        let mut parts = vec![self.sequence()];
        while let Some(rest) = self.rest.strip_prefix('|') {
            self.rest = rest;
            parts.push(self.sequence());
        }
        self.rest = self.rest.strip_prefix(')').expect("the rule table closes its brackets");
        if parts.len() == 1 { parts.remove(0) } else { Model::Choice(parts) }
    }

    fn times(&mut self, part: Model) -> Model {
        let (may_be_absent, may_repeat) = match self.rest.chars().next() {
            Some('?') => (true, false),
            Some('*') => (true, true),
            Some('+') => (false, true),
            _ => return part,
        };
        self.rest = self.rest.get(1..).unwrap_or("");
        Model::Times(Box::new(part), may_be_absent, may_repeat)
    }
}

//! Content models as automata (Glushkov): a step for each mention of an element, and what may follow it.

use super::ElementId;

/// Where in its content an element is: 0 before its first child, else the mention of the last child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step(u16);

/// A content model, compiled.
#[derive(Default)]
pub(crate) struct Content {
    /// For each step, the elements that may follow and the step they lead to.
    next: Vec<Vec<(ElementId, Step)>>,
    ends: Vec<bool>,
}

impl Content {
    pub(crate) fn next(&self, at: Step) -> &[(ElementId, Step)] {
        self.next.get(usize::from(at.0)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn may_end(&self, at: Step) -> bool {
        self.ends.get(usize::from(at.0)).copied().unwrap_or(true)
    }
}

/// A part of a content model.
pub(super) enum Model {
    Element(ElementId),
    Sequence(Vec<Model>),
    Choice(Vec<Model>),
    /// The part, whether it may be absent, whether it may repeat.
    Times(Box<Model>, bool, bool),
}

/// What a part may begin and end with.
#[derive(Default)]
struct Edges {
    empty: bool,
    first: Vec<usize>,
    last: Vec<usize>,
}

impl Model {
    pub(super) fn compile(&self) -> Content {
        let mut mentions = Vec::new();
        let mut follows = Vec::new();
        let whole = self.edges(&mut mentions, &mut follows);
        let targets = |of: &[usize]| {
            let mut targets: Vec<(ElementId, Step)> = Vec::new();
            for mention in of {
                let step = Step(u16::try_from(mention + 1).unwrap_or(u16::MAX));
                let target = mentions.get(*mention).map(|element| (*element, step));
                targets.extend(target.filter(|target| !targets.contains(target)));
            }
            targets
        };
        let mut next = vec![targets(&whole.first)];
        next.extend(follows.iter().map(|of: &Vec<usize>| targets(of)));
        let mut ends = vec![whole.empty];
        ends.extend((0..mentions.len()).map(|mention| whole.last.contains(&mention)));
        Content { next, ends }
    }

    fn edges(&self, mentions: &mut Vec<ElementId>, follows: &mut Vec<Vec<usize>>) -> Edges {
        match self {
            Self::Element(element) => {
                mentions.push(*element);
                follows.push(Vec::new());
                let own = vec![mentions.len() - 1];
                Edges { empty: false, first: own.clone(), last: own }
            }
            Self::Sequence(parts) => {
                let mut whole = Edges { empty: true, ..Edges::default() };
                for part in parts {
                    let edges = part.edges(mentions, follows);
                    connect(follows, &whole.last, &edges.first);
                    if whole.empty {
                        whole.first.extend(&edges.first);
                    }
                    if !edges.empty {
                        whole.last.clear();
                    }
                    whole.last.extend(&edges.last);
                    whole.empty &= edges.empty;
                }
                whole
            }
            Self::Choice(parts) => {
                let mut whole = Edges::default();
                for part in parts {
                    let edges = part.edges(mentions, follows);
                    whole.empty |= edges.empty;
                    whole.first.extend(&edges.first);
                    whole.last.extend(&edges.last);
                }
                whole
            }
            Self::Times(part, may_be_absent, may_repeat) => {
                let mut edges = part.edges(mentions, follows);
                edges.empty |= may_be_absent;
                if *may_repeat {
                    connect(follows, &edges.last, &edges.first);
                }
                edges
            }
        }
    }
}

fn connect(follows: &mut [Vec<usize>], from: &[usize], to: &[usize]) {
    for mention in from {
        if let Some(follow) = follows.get_mut(*mention) {
            follow.extend(to);
        }
    }
}

//! Every act, and every view of clinical or identifying data, is an entry before it is answered.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use store::{
    Act, Actor, View, acts as a,
    views::{self as v, LedgerEntries},
};
use trial::{
    access::Scope,
    role::{Level, Role},
};

use super::{Finding, Place};
use crate::prove::scratch::World;

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let mut watch = Watch { world: &scratch.one, against: Vec::new(), views: BTreeSet::new(), acts: 0 };
    watch.every_view()?;
    watch.some_acts()?;
    let needed: BTreeSet<&str> = v::VIEWS.iter().filter(|(.., recorded)| *recorded).map(|(name, ..)| *name).collect();
    let mut against = watch.against;
    against.extend(needed.difference(&watch.views).map(|name| format!("{name} was not looked at by this check")));
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation each of the {} views of clinical or identifying data, and {} acts, had added \
             its own entry to the ledger when it was answered",
            watch.views.len(),
            watch.acts
        ),
    ))
}

struct Watch<'a> {
    world: &'a World,
    against: Vec<String>,
    views: BTreeSet<&'static str>,
    acts: usize,
}

impl Watch<'_> {
    fn every_view(&mut self) -> Result<()> {
        let world = self.world;
        let (study, [subject, _]) = (world.here.study, world.here.subjects);
        let coordinator = world.actor(Role::Coordinator, Level::Site)?;
        let manager = world.actor(Role::DataManager, Level::Study)?;
        let form = || v::ShowForm {
            subject,
            event: "E.1".into(),
            event_repeat: String::new(),
            form: "F.1".into(),
            form_repeat: String::new(),
        };
        let history =
            v::ItemHistory { form: form(), group: "G.1".into(), group_repeat: String::new(), item: "I.1".into() };
        let list = v::Subjects { study, site: None, search: String::new(), after: String::new(), limit: 10 };
        self.view(world.here.ledger, coordinator, list)?;
        self.view(world.here.ledger, coordinator, v::Worklist { study, limit: 10 })?;
        self.view(world.here.ledger, coordinator, v::ShowSubject { subject })?;
        self.view(world.here.ledger, coordinator, form())?;
        self.view(world.here.ledger, coordinator, history)?;
        self.view(world.here.ledger, manager, v::ExportStudy { study })?;
        self.view(1, &world.administrator, v::People { scope: Scope::Organization })?;
        let scope = Scope::Organization;
        self.view(1, &world.administrator, v::Grants { scope })?;
        self.view(1, &world.administrator, v::AccessMatrix { scope, person: None, at: None })?;
        self.view(1, &world.administrator, v::AccessRequests { scope })?;
        self.view(1, &world.administrator, v::Clients { scope })?;
        self.view(1, &world.administrator, v::DutyBook {})?;
        let [site, _] = world.here.sites;
        self.view(1, coordinator, v::DelegationLog { site })
    }

    fn some_acts(&mut self) -> Result<()> {
        let world = self.world;
        let (study, [site, _]) = (world.here.study, world.here.sites);
        let builder = world.actor(Role::StudyAdministrator, Level::Study)?;
        let coordinator = world.actor(Role::Coordinator, Level::Site)?;
        self.act(1, &world.administrator, a::RegisterStudy { oid: "S.3".into(), name: "Three".into() })?;
        let add = a::AddSite { study, oid: "EAST".into(), name: "East".into(), country: None };
        self.act(world.here.ledger, builder, add)?;
        self.act(world.here.ledger, coordinator, a::AddSubject { site, code: "one-9".into() })
    }

    fn view<V: View>(&mut self, ledger: u32, actor: &Actor, view: V) -> Result<()> {
        let before = self.size(ledger)?;
        self.world.organization.view(actor, &view)?;
        self.grown(ledger, before, V::NAME)?;
        if V::RECORDED {
            self.views.insert(V::NAME);
        }
        Ok(())
    }

    fn act<A: Act>(&mut self, ledger: u32, actor: &Actor, act: A) -> Result<()> {
        let before = self.size(ledger)?;
        self.world.organization.act(actor, act, self.world.organization.fresh_request()?)?;
        self.acts = self.acts.saturating_add(1);
        self.grown(ledger, before, A::NAME)
    }

    /// By one entry, which names what was done.
    fn grown(&mut self, ledger: u32, before: u64, name: &'static str) -> Result<()> {
        let after = self.size(ledger)?;
        let newest = self.newest(ledger)?;
        if after != before.saturating_add(1) || newest != name {
            self.against
                .push(format!("{name} left {} entries, the last of them {newest}", after.saturating_sub(before)));
        }
        Ok(())
    }

    /// How long a ledger is: the second line of its checkpoint (C2SP tlog-checkpoint).
    fn size(&self, ledger: u32) -> Result<u64> {
        let note = self.world.organization.checkpoint_of(ledger)?;
        note.lines().nth(1).context("a checkpoint without a size")?.parse().context("a checkpoint's size")
    }

    fn newest(&self, ledger: u32) -> Result<String> {
        let actor = match ledger {
            1 => &self.world.administrator,
            _ => self.world.actor(Role::DataManager, Level::Study)?,
        };
        let lines = self.world.organization.view(actor, &LedgerEntries { ledger, before: None, limit: 1 })?;
        Ok(lines.first().map_or_else(String::new, |line| line.act.clone()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_view_that_leaves_no_entry_is_told() {
        let scratch = Place::scratch().unwrap();
        let world = &scratch.one;
        let mut watch = Watch { world, against: Vec::new(), views: BTreeSet::new(), acts: 0 };
        // A view of nobody's data leaves none, and is told so by the same comparison.
        let coordinator = world.actor(Role::Coordinator, Level::Site).unwrap();
        watch.view(world.here.ledger, coordinator, v::ShowStudy { study: world.here.study }).unwrap();
        assert_eq!(watch.against.len(), 1);
    }
}

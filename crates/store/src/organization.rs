//! An open organization: its two doors, its writer, its readers.

use std::sync::{Arc, mpsc::sync_channel};

use trial::ids::{Id as _, LedgerId, OrganizationId, RequestId};

use crate::{
    act::Act,
    actor::{Access, Actor},
    backend::{Ahead, Connection, Location, values},
    core::{Core, Looked, REQUEST},
    error::{Error, Result},
    fresh::Fresh,
    readers::Readers,
    session::{self, Presence, SignedIn},
    shared::Shared,
    tx::Receipt,
    view::{Snapshot, View},
    writer::{Writer, job, job_asking},
};

/// An organization, open for business.
pub struct Organization {
    shared: Arc<Shared>,
    location: Location,
    writer: Writer,
    readers: Readers,
}

impl Organization {
    pub(crate) fn open(location: Location, shared: Shared) -> Result<Self> {
        let shared = Arc::new(shared);
        // A file that does not open is told at the start. Whether a schema does, its server says when it is asked.
        if let Location::File { .. } = location {
            drop(Core::open(&location, &shared)?);
        }
        let (of, with) = (location.clone(), Arc::clone(&shared));
        let writer = Writer::new(move || Core::open(&of, &with));
        let readers = Readers::new(location.clone(), Arc::clone(&shared));
        Ok(Organization { writer, readers, shared, location })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> OrganizationId {
        self.shared.organization
    }

    /// Its name, as its folder's key file has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    /// Does an act and waits until it is durable. The same request id twice does it once.
    ///
    /// # Errors
    /// Why it was not done; then nothing of it is stored.
    pub fn act<A: Act>(&self, actor: &Actor, act: A, request: RequestId) -> Result<Receipt> {
        let (answer, answers) = sync_channel(1);
        self.act_then(actor, act, request, move |outcome| {
            // The asker may have gone; what was done stays done.
            let _ = answer.send(outcome);
        })?;
        answers.recv().map_err(|_| Error::fault("the writer stopped before it answered"))?
    }

    /// Queues an act; `answer` is called once, from the writer's thread, when it is durable or refused.
    ///
    /// # Errors
    /// `Busy` where the queue is full; then `answer` is not called.
    pub fn act_then<A: Act>(
        &self,
        actor: &Actor,
        act: A,
        request: RequestId,
        answer: impl FnOnce(Result<Receipt>) + Send + 'static,
    ) -> Result<()> {
        let actor = actor.clone();
        // On the caller's thread: the writer's is the one that all wait for.
        let body = self.shared.fingerprint(&act)?;
        let mut ahead = act.ahead().0;
        ahead.push(Ahead::new(request.bytes(), REQUEST, values![&request]));
        self.writer.submit(job_asking(ahead, move |core| core.perform(&actor, &act, request, body), answer))
    }

    /// Shows a view. One that shows clinical or identifying data is in the ledger, durably, before this returns.
    ///
    /// # Errors
    /// Why it cannot be shown.
    pub fn view<V: View>(&self, actor: &Actor, view: &V) -> Result<V::Shown> {
        let at = self.shared.clock.now();
        let (shown, looked) = self.reading(|snapshot| {
            let access = Access::decide(snapshot.db, &self.shared, actor, view.target(), (V::NEEDS, V::FRESH), at)?;
            let shown = view.read(snapshot, &access)?;
            let looked = V::RECORDED.then(|| self.looked::<V>(&access, &shown)).transpose()?;
            Ok((shown, looked))
        })?;
        if let Some(looked) = looked {
            self.writer.run(move |core| core.note(&looked))?;
        }
        Ok(shown)
    }

    /// Decides whether a view would be shown, and reads nothing.
    ///
    /// # Errors
    /// Why it would not.
    pub fn may_view<V: View>(&self, actor: &Actor, view: &V) -> Result<()> {
        let at = self.shared.clock.now();
        self.reading(|snapshot| {
            Access::decide(snapshot.db, &self.shared, actor, view.target(), (V::NEEDS, V::FRESH), at).map(drop)
        })
    }

    fn looked<V: View>(&self, access: &Access, shown: &V::Shown) -> Result<Looked> {
        let json = zeroize::Zeroizing::new(serde_json::to_string(shown).map_err(Error::fault)?);
        Ok(Looked {
            view: V::NAME,
            actor: access.actor().name(),
            client: access.actor().client_name(),
            role: access.capacity().code(),
            target: access.located().name.clone(),
            ledger: access.located().ledger,
            at: access.at(),
            count: V::count(shown),
            // Keyed, as a request's digest is: few values make a guessable hash.
            digest: ledger::Hash(self.shared.ring.tag(V::NAME, &json)),
        })
    }

    /// Appends an entry that says what an export held; see `views::export`.
    pub(crate) fn note(&self, looked: Looked) -> Result<()> {
        self.writer.run(move |core| core.note(&looked))
    }

    /// Who holds this session token; `None`: nobody, or no longer.
    ///
    /// # Errors
    /// Faults only.
    pub fn authenticate(&self, token: &str, presence: Presence) -> Result<Option<SignedIn>> {
        if let Some(known) = self.authenticate_known(token, presence) {
            return Ok(Some(known));
        }
        let now = self.shared.clock.now();
        let found = self.with_reader(|db| {
            let policy = |person| self.shared.policy_of(db, person, now);
            self.shared.sessions.find(db, token, presence, now, policy)
        })?;
        Ok(found.map(|found| self.used(found, now)))
    }

    /// As [`Organization::authenticate`], as far as memory knows, so that it does not block. `None` says nothing.
    pub fn authenticate_known(&self, token: &str, presence: Presence) -> Option<SignedIn> {
        let now = self.shared.clock.now();
        self.shared.sessions.known(token, presence, now).map(|found| self.used(found, now))
    }

    fn used(&self, (signed_in, write): session::Found, now: jiff::Timestamp) -> SignedIn {
        if let Some(via) = write {
            // Nobody waits for it: if it is lost, the session ends a little early.
            let _ = self.writer.submit(job(move |core| session::seen(core, via, now), drop));
        }
        signed_in
    }

    /// The newest checkpoint of a ledger, signed now if it has grown.
    ///
    /// # Errors
    /// `Hidden` where there is no such ledger.
    pub fn checkpoint(&self, ledger: LedgerId) -> Result<String> {
        let number = self
            .with_reader(|db| db.one("SELECT number FROM ledger WHERE id = ?1", values![&ledger], |row| row.number(0)))?
            .ok_or(Error::Hidden)?;
        self.checkpoint_of(number)
    }

    /// As [`Organization::checkpoint`], by the ledger's number.
    ///
    /// # Errors
    /// `Hidden` where there is no such ledger.
    pub fn checkpoint_of(&self, number: u32) -> Result<String> {
        self.with_reader(|db| db.one("SELECT 1 FROM ledger WHERE number = ?1", values![number], |_| Ok(())))?
            .ok_or(Error::Hidden)?;
        self.writer.run(move |core| core.checkpoint(number))
    }

    /// Every ledger: number, public id, origin.
    ///
    /// # Errors
    /// Faults only.
    pub fn ledgers(&self) -> Result<Vec<(u32, LedgerId, String)>> {
        self.with_reader(|db| {
            db.select("SELECT number, id, origin FROM ledger ORDER BY number", &[], |row| {
                Ok((row.number(0)?, row.id(1)?, row.text(2)?))
            })
        })
    }

    /// A new request id, for acts that begin here.
    ///
    /// # Errors
    /// Faults only.
    pub fn fresh_request(&self) -> Result<RequestId> {
        Fresh::default().id(self.shared.clock.now())
    }

    /// How the database is set so that what is acknowledged is durable.
    ///
    /// # Errors
    /// Faults only.
    pub fn durability(&self) -> Result<String> {
        self.writer.run(|core| core.db.durability())
    }

    /// Runs something against one state of the data.
    pub(crate) fn reading<T>(&self, read: impl FnOnce(&Snapshot<'_>) -> Result<T>) -> Result<T> {
        self.with_reader(|db| {
            read(&Snapshot {
                db,
                ring: &self.shared.ring,
                organization: self.shared.organization,
                definitions: &self.shared.definitions,
            })
        })
    }

    /// Lets go of reading connections that were not needed since it was last asked to.
    pub(crate) fn rest(&self) {
        self.readers.rest();
    }

    fn with_reader<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.readers.with(read)
    }
}

impl Core {
    /// Connects, and looks at every ledger.
    fn open(location: &Location, shared: &Arc<Shared>) -> Result<Self> {
        let mut core = Core::new(location.writer()?, location.clone(), Arc::clone(shared));
        core.check_ledgers()?;
        Ok(core)
    }

    /// Opens every ledger once at the start: one that does not continue its checkpoint makes the store read-only.
    fn check_ledgers(&mut self) -> Result<()> {
        let numbers = self.db.select("SELECT number FROM ledger", &[], |row| row.number(0))?;
        for number in numbers {
            if let Err(error) = self.log(number).map(drop) {
                self.shared.stop_writing(&error.to_string());
            }
        }
        Ok(())
    }
}

//! A root key on a PKCS #11 token (OASIS PKCS #11 2.40): made there, never out of it, asked to seal and to open. What it seals has
//! the form that all sealed values have.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::aead::NONCE_LEN;
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error as Failed, RvError},
    mechanism::{Mechanism, aead::GcmParams},
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};
use trial::ids::{Id, KeyId};
use zeroize::Zeroizing;

use super::{
    place::TokenKey,
    root,
    seal::{Cell, Sealed, TAG, head},
};
use crate::error::{Error, Result};

/// Modules that are loaded. Each belongs to the whole process, and so does who is signed in to a token (PKCS #11 2.40, 2.6
/// and 2.6.7): one at a time asks.
static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());
/// Bytes of a root key.
const KEY_BYTES: u64 = 32;
/// Bits of an authentication tag.
const TAG_BITS: u64 = TAG as u64 * 8;

impl TokenKey {
    /// Whether it is there.
    pub(super) fn exists(&self) -> Result<bool> {
        self.session(|session| Ok(self.find(session)?.is_some()))
    }

    /// Its id.
    pub(super) fn id(&self) -> Result<KeyId> {
        self.session(|session| Ok(self.checked(session)?.1))
    }

    /// Makes it; another of this name is never overwritten.
    pub(super) fn make(&self) -> Result<KeyId> {
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id).map_err(Error::fault)?;
        self.session(|session| {
            if self.find(session)?.is_some() {
                return Err(refused("exists", format!("{self} exists already, and a key is never overwritten")));
            }
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(KEY_BYTES.into()),
                Attribute::Label(self.object.clone().into_bytes()),
                Attribute::Id(id.to_vec()),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::Wrap(false),
                Attribute::Unwrap(false),
            ];
            session.generate_key(&Mechanism::AesKeyGen, &template).map_err(|why| self.failed(&why))?;
            Ok(self.checked(session)?.1)
        })
    }

    /// Destroys it, where it is there still, and gives its name to the one that follows it.
    pub(super) fn give_way(&self, next: &TokenKey) -> Result<()> {
        self.session(|session| {
            if let Some(old) = self.find(session)? {
                session.destroy_object(old).map_err(|why| self.failed(&why))?;
            }
            let (new, _) = next.checked(session)?;
            let name = Attribute::Label(self.object.clone().into_bytes());
            session.update_attributes(new, &[name]).map_err(|why| self.failed(&why))
        })
    }

    /// Seals under this key, which has to have this id.
    pub(super) fn seal(&self, id: KeyId, cell: Cell<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = head(id, plain.len());
        let data = cell.associated_data(&sealed);
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(Error::fault)?;
        let body = self.session(|session| {
            let key = self.with_id(session, id)?.ok_or_else(|| self.another())?;
            let of = parameters(&mut nonce, &data)?;
            session.encrypt(&Mechanism::AesGcm(of), key, plain).map_err(|why| self.failed(&why))
        })?;
        // A token that chooses nonces itself wrote its own there.
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens what the key of this id sealed for this cell. `None`: another key, another cell, or a changed byte.
    pub(super) fn open(&self, id: KeyId, cell: Cell<'_>, sealed: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let Some(Sealed { head, mut nonce, body }) = Sealed::by(id, sealed) else { return Ok(None) };
        let data = cell.associated_data(head);
        self.session(|session| {
            let Some(key) = self.with_id(session, id)? else { return Ok(None) };
            let of = parameters(&mut nonce, &data)?;
            match session.decrypt(&Mechanism::AesGcm(of), key, body) {
                Ok(plain) => Ok(Some(Zeroizing::new(plain))),
                Err(Failed::Pkcs11(why, _)) if is_about_what_was_sealed(why) => Ok(None),
                Err(why) => Err(self.failed(&why)),
            }
        })
    }

    /// Signs in to the token, does something there, and leaves.
    fn session<T>(&self, work: impl FnOnce(&Session) -> Result<T>) -> Result<T> {
        let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
        let module = match modules.entry(self.module.clone()) {
            Entry::Occupied(loaded) => loaded.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.load()?),
        };
        let slot = self.slot(module)?;
        let session = module.open_rw_session(slot).map_err(|why| self.failed(&why))?;
        let pin = AuthPin::from(root::pin(&self.pin)?.as_str());
        session.login(UserType::User, Some(&pin)).map_err(|why| self.not_let_in(&why))?;
        work(&session)
    }

    fn load(&self) -> Result<Pkcs11> {
        let module = self.module.display();
        let why = |why: Failed| {
            refused(
                "module",
                format!(
                    "{module} is not a PKCS #11 module that can be used ({why}): name the one that came with the token"
                ),
            )
        };
        let loaded = Pkcs11::new(&self.module).map_err(why)?;
        loaded.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(why)?;
        Ok(loaded)
    }

    /// Where the token is plugged in.
    fn slot(&self, module: &Pkcs11) -> Result<Slot> {
        let mut found = Vec::new();
        let mut labels = Vec::new();
        for slot in module.get_slots_with_initialized_token().map_err(|why| self.failed(&why))? {
            let about = module.get_token_info(slot).map_err(|why| self.failed(&why))?;
            if about.label() == self.token {
                found.push(slot);
            }
            labels.push(format!("“{}”", about.label()));
        }
        match found.as_slice() {
            [slot] => Ok(*slot),
            [] if labels.is_empty() => Err(refused(
                "token",
                format!(
                    "{} sees no token: plug “{}” in, or let this account reach it",
                    self.module.display(),
                    self.token
                ),
            )),
            [] => Err(refused(
                "token",
                format!(
                    "no token is called “{}”; there are {}: name one of them, or plug it in",
                    self.token,
                    labels.join(", ")
                ),
            )),
            _ => Err(refused(
                "token",
                format!("{} tokens are called “{}”: give them names of their own", found.len(), self.token),
            )),
        }
    }

    /// The key, by its name.
    fn find(&self, session: &Session) -> Result<Option<ObjectHandle>> {
        let named = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Label(self.object.clone().into_bytes())];
        let found = session.find_objects(&named).map_err(|why| self.failed(&why))?;
        match found.as_slice() {
            [] => Ok(None),
            [key] => Ok(Some(*key)),
            many => {
                Err(refused("wrong_key", format!("{} keys are called {self}: give each a name of its own", many.len())))
            }
        }
    }

    /// The key and its id, where it is one that can be a root key.
    fn checked(&self, session: &Session) -> Result<(ObjectHandle, KeyId)> {
        let key = self.find(session)?.ok_or_else(|| refused("missing_key", format!(
            "there is no key {self}: put it back, or name the right one with --root-key. Without it the data cannot be opened"
        )))?;
        let asked = [
            AttributeType::KeyType,
            AttributeType::ValueLen,
            AttributeType::Sensitive,
            AttributeType::Extractable,
            AttributeType::Id,
        ];
        let (mut kind, mut bytes, mut sensitive, mut extractable, mut id) = (None, None, None, None, Vec::new());
        for attribute in session.get_attributes(key, &asked).map_err(|why| self.failed(&why))? {
            match attribute {
                Attribute::KeyType(is) => kind = Some(is),
                Attribute::ValueLen(is) => bytes = Some(u64::from(is)),
                Attribute::Sensitive(is) => sensitive = Some(is),
                Attribute::Extractable(is) => extractable = Some(is),
                Attribute::Id(is) => id = is,
                _ => {}
            }
        }
        let wrong = |what: &str| {
            Err(refused("wrong_key", format!("{self} {what}: have one made with `probity key rotate --to`")))
        };
        match (kind, bytes, sensitive, extractable) {
            (Some(KeyType::AES), Some(KEY_BYTES), Some(true), Some(false)) if !id.is_empty() => Ok((key, id_of(&id))),
            (Some(KeyType::AES), Some(KEY_BYTES), Some(true), Some(false)) => wrong("has no id (CKA_ID)"),
            (Some(KeyType::AES), Some(KEY_BYTES), ..) => wrong("can leave its token (CKA_SENSITIVE, CKA_EXTRACTABLE)"),
            _ => wrong("is not an AES key of 256 bits"),
        }
    }

    /// The key, where it is the one of this id.
    fn with_id(&self, session: &Session, id: KeyId) -> Result<Option<ObjectHandle>> {
        Ok(Some(self.checked(session)?).filter(|(_, is)| *is == id).map(|(key, _)| key))
    }

    fn another(&self) -> Error {
        refused("wrong_key", format!("{self} is another key than before: it was changed meanwhile. Start again"))
    }

    fn not_let_in(&self, why: &Failed) -> Error {
        let (token, pin) = (&self.token, self.pin.display());
        match why {
            Failed::Pkcs11(RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid, _) => refused(
                "pin",
                format!(
                    "the PIN in {pin} is not that of the token “{token}”: put the right one there; a token locks itself after some wrong ones"
                ),
            ),
            Failed::Pkcs11(RvError::PinLocked, _) => refused(
                "pin",
                format!("the token “{token}” is locked after wrong PINs: its security officer sets a new one"),
            ),
            why => self.failed(why),
        }
    }

    fn failed(&self, why: &Failed) -> Error {
        refused(
            "token",
            format!("the token of {self} did not do what it was asked ({why}): see that it is there and works"),
        )
    }
}

/// The id names the key without telling it, and is of the length that ids have here.
fn id_of(id: &[u8]) -> KeyId {
    let digest = ledger::sha256(&[b"probity root key on a token", id].concat());
    let mut id = [0; 16];
    id.copy_from_slice(digest.0.split_at(16).0);
    KeyId::from_bytes(id)
}

fn parameters<'a>(nonce: &'a mut [u8], data: &'a [u8]) -> Result<GcmParams<'a>> {
    GcmParams::new(nonce, data, TAG_BITS.into()).map_err(Error::fault)
}

/// What a token says where the tag does not fit. Some know no better word than the general one.
const fn is_about_what_was_sealed(why: RvError) -> bool {
    matches!(why, RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange | RvError::GeneralError)
}

fn refused(code: &'static str, message: String) -> Error {
    Error::refused("root_key", code, message)
}

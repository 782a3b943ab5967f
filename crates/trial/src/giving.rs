//! Giving roles: by whose power a grant is given, and that no chain of grants comes round to whoever stands in it.

use crate::{
    access::Held,
    ids::{GrantId, PersonId},
    role::Role,
    roles::Roles,
};

/// How many grants may follow from one another: each is given by the power of the one before.
pub const CHAIN_MAX: usize = 16;

/// What a grant rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// Who gave it; `None`: the operator, when the organization was founded.
    pub given_by: Option<PersonId>,
    /// The giver's own grant, by whose power it was given.
    pub through: Option<GrantId>,
}

/// Why a role cannot be given, or ended, by somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// None of the giver's roles administers it.
    Beyond,
    /// The receiver gave the giver the power, or gave it to who did: it would come round.
    ComesRound,
    /// The chain of grants is too long.
    TooLong,
}

/// The giver's grants, of those that an access rests on, by whose power `role` may be given or ended.
pub fn powers<'a>(roles: &'a Roles, through: &'a [Held], role: Role) -> impl Iterator<Item = GrantId> + 'a {
    through.iter().filter(move |held| roles.administers(held.role, role)).map(|held| held.grant)
}

/// Chooses the grant by whose power `role` is given to `receiver`. `basis` looks a grant up.
///
/// # Errors
/// Why there is none, or what `basis` failed with.
pub fn power_for<E>(
    roles: &Roles,
    through: &[Held],
    role: Role,
    receiver: PersonId,
    mut basis: impl FnMut(GrantId) -> Result<Basis, E>,
) -> Result<Result<GrantId, Refusal>, E> {
    let mut refusal = Refusal::Beyond;
    for power in powers(roles, through, role) {
        match round(power, receiver, &mut basis)? {
            None => return Ok(Ok(power)),
            Some(why) => refusal = why,
        }
    }
    Ok(Err(refusal))
}

/// Follows a chain to its beginning; `Some` where it may not be made longer by a grant to `receiver`.
fn round<E>(
    power: GrantId,
    receiver: PersonId,
    basis: &mut impl FnMut(GrantId) -> Result<Basis, E>,
) -> Result<Option<Refusal>, E> {
    let mut at = power;
    for _ in 1..CHAIN_MAX {
        let Basis { given_by, through } = basis(at)?;
        if given_by == Some(receiver) {
            return Ok(Some(Refusal::ComesRound));
        }
        match through {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(Refusal::TooLong))
}

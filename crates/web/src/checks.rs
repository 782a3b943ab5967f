//! Places for those whose password is looked at. That costs a processor some twenty milliseconds, and anybody may ask for
//! it: so few are looked at at once, few wait, and one source has no more than a quarter of the places. Nobody else waits
//! for them, and whoever signs in by passkey needs no place here.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};
use store::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::state::AppState;

/// Those who are looked at or wait: about a second's work.
const PLACES_MAX: usize = 64;
/// How many of them may come from one source, behind which a whole hospital may sit.
const SOURCE_PLACES_MAX: usize = 16;

/// Where a request comes from, as far as who is there may have more than one address; nowhere where no network lies between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(Option<IpAddr>);

impl From<IpAddr> for Source {
    /// Whoever is given IPv6 is given a network of it: /64 at least (RFC 6177).
    fn from(address: IpAddr) -> Self {
        Source(Some(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
            address => address,
        }))
    }
}

impl FromRequestParts<AppState> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(peer.map_or(Source(None), |ConnectInfo(peer)| peer.ip().into()))
    }
}

/// Who is looked at, and who waits.
pub(crate) struct Checks {
    at_once: Arc<Semaphore>,
    places: Mutex<HashMap<Source, usize>>,
}

/// Somebody's turn. It lasts until the work is done, and not only until its asker has gone.
pub(crate) struct Turn {
    _place: Place,
    _permit: OwnedSemaphorePermit,
}

/// A place that is given back.
struct Place(Arc<Checks>, Source);

impl Checks {
    /// Half of the processors look at passwords at most, so that a flood leaves the rest to everybody else; and fewer than
    /// the store lets, so that whoever confirms or changes a password finds a place beside them.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let at_once = (processors / 2).clamp(1, store::PASSWORDS_AT_ONCE.saturating_sub(1));
        Checks { at_once: Arc::new(Semaphore::new(at_once)), places: Mutex::default() }
    }

    /// Waits for a turn. No thread waits meanwhile.
    ///
    /// # Errors
    /// `Busy` where too many wait already, of this source or of all.
    pub(crate) async fn turn(self: &Arc<Self>, source: Source) -> store::Result<Turn> {
        let place = self.place(source)?;
        let permit = Arc::clone(&self.at_once).acquire_owned().await.map_err(Error::fault)?;
        Ok(Turn { _place: place, _permit: permit })
    }

    fn place(self: &Arc<Self>, source: Source) -> store::Result<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let own = places.get(&source).copied().unwrap_or(0);
        if own >= SOURCE_PLACES_MAX || places.values().sum::<usize>() >= PLACES_MAX {
            let message = "too many people sign in just now: nothing was looked at. Try again, or use a passkey";
            return Err(Error::Busy { message: message.into(), retry_after: 1 });
        }
        places.insert(source, own.saturating_add(1));
        Ok(Place(Arc::clone(self), source))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        match places.get_mut(&self.1) {
            Some(own) if *own > 1 => *own = own.saturating_sub(1),
            _ => drop(places.remove(&self.1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u8) -> Source {
        IpAddr::from([192, 0, 2, number]).into()
    }

    #[test]
    fn one_source_leaves_places_to_others_and_all_of_them_are_counted() {
        let checks = Arc::new(Checks::new());
        let take = |number| checks.place(source(number));
        let mut held: Vec<_> = (0..SOURCE_PLACES_MAX).filter_map(|_| take(0).ok()).collect();
        assert_eq!(held.len(), SOURCE_PLACES_MAX);
        assert!(matches!(take(0), Err(Error::Busy { .. })), "one more of the same source");
        held.extend((1..=255).filter_map(|number| take(number).ok()));
        assert_eq!(held.len(), PLACES_MAX);
        held.clear();
        assert!(take(0).is_ok());
        assert!(checks.places.lock().unwrap_or_else(PoisonError::into_inner).is_empty(), "nobody is remembered");
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        let at = |text: &str| text.parse::<IpAddr>().map(Source::from).ok();
        assert_eq!(at("2001:db8::1"), at("2001:db8::2:3"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), Some(source(1)));
    }

    #[tokio::test]
    async fn whoever_goes_away_gives_the_place_back() -> store::Result<()> {
        let checks = Arc::new(Checks::new());
        let mut turns = Vec::new();
        for number in 0..checks.at_once.available_permits() {
            turns.push(checks.turn(source(u8::try_from(number).unwrap_or(0))).await?);
        }
        let mut waiting = Box::pin(checks.turn(source(9)));
        assert!(
            std::future::Future::poll(waiting.as_mut(), &mut std::task::Context::from_waker(std::task::Waker::noop()))
                .is_pending()
        );
        let count = || checks.places.lock().unwrap_or_else(PoisonError::into_inner).values().sum::<usize>();
        assert_eq!(count(), turns.len() + 1);
        drop(waiting);
        assert_eq!(count(), turns.len());
        Ok(())
    }
}

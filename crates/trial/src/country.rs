//! A country, as sites have it and grants may be bounded by it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A country by its code of two letters (ISO 3166-1 alpha-2). Whether the code is given to a country is not checked: new
/// ones come, old ones go, and a study keeps what it was planned with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// A text that is not a code of a country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no country: give its two letters (ISO 3166-1 alpha-2), such as NO")]
pub struct NotACountry(String);

impl FromStr for Country {
    type Err = NotACountry;

    fn from_str(text: &str) -> Result<Self, NotACountry> {
        match *text.as_bytes() {
            [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
                Ok(Country([first.to_ascii_uppercase(), second.to_ascii_uppercase()]))
            }
            _ => Err(NotACountry(text.chars().take(16).collect())),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.0.map(char::from);
        write!(f, "{first}{second}")
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({self})")
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_are_a_country_and_nothing_else_is() {
        assert_eq!("no".parse::<Country>().map(|country| country.to_string()), Ok("NO".into()));
        for text in ["", "N", "NOR", "N0", "Å", "N "] {
            assert!(text.parse::<Country>().is_err(), "{text}");
        }
    }
}

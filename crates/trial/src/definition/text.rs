//! A text in several languages (ODM: TranslatedText).

use serde::{Deserialize, Serialize};

/// A text in one or more languages, in the order of the definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub Vec<Translation>);

/// One language's version of a [`Text`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    /// The language as RFC 5646 writes it (`en`, `de-CH`); absent where the definition names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The text, exactly as defined: white space included.
    pub text: String,
}

impl Text {
    /// A text that names no language.
    pub fn plain(text: impl Into<String>) -> Self {
        Self(vec![Translation { language: None, text: text.into() }])
    }

    /// A text in one language.
    pub fn of(language: &str, text: impl Into<String>) -> Self {
        Self(vec![Translation { language: Some(language.to_owned()), text: text.into() }])
    }

    /// True where there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text in `language`, else in its main language (`de` for `de-CH`, or `de-AT` for `de`), else the
    /// text that names no language, else the English one, else the first; `""` where there is none.
    pub fn in_language(&self, language: &str) -> &str {
        let exact = |tag: &str| tag.eq_ignore_ascii_case(language);
        let kin = |tag: &str| main_language(tag).eq_ignore_ascii_case(main_language(language));
        let english = |tag: &str| main_language(tag).eq_ignore_ascii_case("en");
        self.first_where(|tag| tag.is_some_and(exact))
            .or_else(|| self.first_where(|tag| tag.is_some_and(kin)))
            .or_else(|| self.first_where(|tag| tag.is_none()))
            .or_else(|| self.first_where(|tag| tag.is_some_and(english)))
            .or_else(|| self.first_where(|_| true))
            .unwrap_or("")
    }

    /// The languages it is written in.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|translation| translation.language.as_deref())
    }

    fn first_where(&self, fits: impl Fn(Option<&str>) -> bool) -> Option<&str> {
        self.0.iter().find(|translation| fits(translation.language.as_deref())).map(|found| found.text.as_str())
    }
}

fn main_language(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(of: &[(Option<&str>, &str)]) -> Text {
        Text(
            of.iter()
                .map(|(language, text)| Translation { language: language.map(str::to_owned), text: (*text).to_owned() })
                .collect(),
        )
    }

    #[test]
    fn the_nearest_language_is_shown() {
        let all = text(&[(Some("fr"), "poids"), (Some("de-AT"), "Gewicht"), (Some("en"), "weight")]);
        assert_eq!(all.in_language("de-AT"), "Gewicht");
        assert_eq!(all.in_language("de"), "Gewicht");
        assert_eq!(all.in_language("ko"), "weight");
        assert_eq!(text(&[(Some("fr"), "poids")]).in_language("ko"), "poids");
        assert_eq!(text(&[(Some("fr"), "poids"), (None, "weight")]).in_language("ko"), "weight");
        assert_eq!(Text::default().in_language("en"), "");
    }
}

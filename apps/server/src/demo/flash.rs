//! What the next page tells a browser once.

use super::browser::{Browser, Purpose};
use coffer_wallet::WalletError;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many browsers' messages are kept.
const MOST: usize = 32;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Well.
    Good,
    /// A person should look.
    Warn,
    /// Badly.
    Bad,
}

impl Tone {
    /// The class in the style sheet.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// How a screen reader is told (WAI-ARIA 1.2).
    pub(crate) const fn role(self) -> &'static str {
        match self {
            Self::Good => "status",
            Self::Warn | Self::Bad => "alert",
        }
    }

    /// Whether all is well.
    pub(crate) const fn is_good(self) -> bool {
        matches!(self, Self::Good)
    }
}

/// A message about what was just done. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    /// How it ended.
    pub(crate) tone: Tone,
    /// In a few words.
    pub(crate) title: String,
    /// More, or nothing.
    pub(crate) text: String,
}

impl Toast {
    /// A message.
    pub(super) fn new(tone: Tone, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            tone,
            title: title.into(),
            text: text.into(),
        }
    }

    /// What could not be done, why, and what to do on this page: the hints of the API are for programs.
    pub(super) fn failed(what: &str, error: &WalletError) -> Self {
        let (said, code) = (sentence(&error.to_string()), error.code());
        if let Some(wait) = error.retry_after() {
            let seconds = crate::problem::whole_seconds(wait);
            let text = format!("{said} ({code}). Nothing is lost: try again in {seconds} s.");
            return Self::new(Tone::Warn, what, text);
        }
        if let WalletError::Connection { .. } = error {
            return Self::new(
                Tone::Bad,
                what,
                format!("{said}. Its card says why, and what next."),
            );
        }
        let hint = error.hint().map_or_else(String::new, |hint| format!(" {hint}"));
        Self::new(Tone::Bad, what, format!("{said} ({code}).{hint}"))
    }
}

/// Messages by browser, until they are shown. After a restart there are none.
#[derive(Debug, Default)]
pub(super) struct Flashes(Mutex<VecDeque<(String, Toast)>>);

impl Flashes {
    /// Keeps a message for the browser's next page, instead of one that is there.
    pub(super) fn put(&self, browser: &Browser, toast: Toast) {
        let code = browser.code(Purpose::Form);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(whose, _)| *whose != code);
        kept.push_back((code, toast));
        while kept.len() > MOST {
            kept.pop_front();
        }
    }

    /// The browser's message, once.
    pub(super) fn take(&self, browser: &Browser) -> Option<Toast> {
        let code = browser.code(Purpose::Form);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(whose, _)| *whose == code)?;
        kept.remove(place).map(|(_, toast)| toast)
    }
}

/// With a capital letter, and without a full stop at the end.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::SystemRandom;

    #[test]
    fn a_message_is_shown_once_and_to_its_browser_only() {
        let flashes = Flashes::default();
        let (a, b) = (Browser::new(&SystemRandom), Browser::new(&SystemRandom));
        let toast = Toast::new(Tone::Good, "Connected", "");
        flashes.put(&a, toast.clone());
        assert_eq!(
            (flashes.take(&b), flashes.take(&a), flashes.take(&a)),
            (None, Some(toast), None)
        );
    }

    #[test]
    fn only_so_many_messages_are_kept() {
        let flashes = Flashes::default();
        let first = Browser::new(&SystemRandom);
        flashes.put(&first, Toast::new(Tone::Good, "1", ""));
        for _ in 0..MOST {
            flashes.put(&Browser::new(&SystemRandom), Toast::new(Tone::Good, "2", ""));
        }
        assert_eq!(flashes.take(&first), None);
    }

    #[test]
    fn a_failure_says_what_and_why_and_what_to_do() {
        let toast = Toast::failed("Not refreshed", &WalletError::NotFound("connection"));
        assert_eq!(toast.tone, Tone::Bad);
        assert!(
            toast
                .text
                .starts_with("No such connection (not_found). Check the id"),
            "{}",
            toast.text
        );
    }
}

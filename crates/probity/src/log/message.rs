//! One event as a syslog message (RFC 5424), in the frame that TLS carries it in (RFC 5425, section 4.3): its length in octets,
//! a space, and the message.

use std::{fs, process};

use tracing::Level;

use super::queue::Event;

/// Octets of one message: what every receiver should be able to take (RFC 5425, section 4.3.1). A longer line is cut there, and
/// says so; standard error has it whole.
const MESSAGE_BYTES_MAX: usize = 8192;
/// Octets of a host's name (RFC 5424, section 6).
const HOST_BYTES_MAX: usize = 255;
/// System daemons (RFC 5424, table 1).
const FACILITY: u8 = 3;
/// Ends a line that was cut.
const CUT: &str = " [cut]";

/// From whom messages are.
#[derive(Debug)]
pub(super) struct Source {
    host: String,
    process: u32,
}

impl Source {
    /// This process, on this machine.
    pub(super) fn here() -> Self {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let plain: String = host.trim().chars().filter(char::is_ascii_graphic).take(HOST_BYTES_MAX).collect();
        Source { host: if plain.is_empty() { "-".to_owned() } else { plain }, process: process::id() }
    }

    /// The frame of an event.
    pub(super) fn frame(&self, event: &Event) -> Vec<u8> {
        let severity = match event.level {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            _ => 7,
        };
        let (priority, at) = (FACILITY * 8 + severity, event.at);
        let mut message = format!("<{priority}>1 {at:.6} {} probity {} - - ", self.host, self.process);
        // RFC 5424, section 6.4: what is in UTF-8 begins with its mark, and ASCII is both.
        if !event.line.is_ascii() {
            message.push('\u{feff}');
        }
        message.push_str(&event.line);
        if message.len() > MESSAGE_BYTES_MAX {
            message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX.saturating_sub(CUT.len())));
            message.push_str(CUT);
        }
        format!("{} {message}", message.len()).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn framed(level: Level, line: &str) -> String {
        let source = Source { host: "edc".into(), process: 7 };
        let at = "2026-11-23T01:02:03.4Z".parse().unwrap();
        String::from_utf8(source.frame(&Event { at, level, line: line.into() })).unwrap()
    }

    #[test]
    fn an_event_is_a_message_of_rfc_5424_in_a_frame_of_rfc_5425() {
        assert_eq!(
            framed(Level::WARN, "it is gone"),
            "62 <28>1 2026-11-23T01:02:03.400000Z edc probity 7 - - it is gone"
        );
        for (level, priority) in [(Level::ERROR, 27), (Level::INFO, 30), (Level::DEBUG, 31)] {
            assert!(framed(level, "").contains(&format!(" <{priority}>1 ")));
        }
        let (length, message) =
            "68 <27>1 2026-11-23T01:02:03.400000Z edc probity 7 - - \u{feff}Ærø er væk".split_once(' ').unwrap();
        assert_eq!(framed(Level::ERROR, "Ærø er væk"), format!("{} {message}", message.len()));
        assert_eq!(length.parse::<usize>().unwrap(), message.len(), "octets, not letters");
    }

    #[test]
    fn a_line_that_is_longer_than_receivers_take_is_cut_and_says_so() {
        let long = framed(Level::INFO, &"æ".repeat(MESSAGE_BYTES_MAX));
        let (length, message) = long.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), message.len());
        assert!(message.len() <= MESSAGE_BYTES_MAX && message.ends_with("æ [cut]"));
    }

    #[test]
    fn this_machine_has_a_name_that_fits() {
        let source = Source::here();
        assert!(!source.host.is_empty() && source.host.chars().all(|sign| sign.is_ascii_graphic()));
    }
}

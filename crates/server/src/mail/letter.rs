//! A mail's texts, and the message made of them.

use std::time::{Duration, SystemTime};

use keyward_core::ids::ParcelId;
use keyward_core::time::UnixMs;
use lettre::Message;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};

/// Most letters of a subject.
const SUBJECT_CHARS_MAX: usize = 160;

/// A mail's texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// For programs that show text alone.
    pub text: String,
    /// For all others.
    pub html: String,
}

impl Letter {
    /// The message to one mailbox. Its `Message-ID` is the parcel's id, so that a mail that was sent twice is known
    /// for one.
    pub(super) fn message(&self, from: &Mailbox, to: &str, id: ParcelId, now: UnixMs) -> Result<Message, String> {
        let to: lettre::Address = to.parse().map_err(|_| "the address can't be written to".to_owned())?;
        let date = SystemTime::UNIX_EPOCH + Duration::from_millis(now.0.max(0) as u64);
        let parts = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, &self.text)?)
            .singlepart(part(ContentType::TEXT_HTML, &self.html)?);
        Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&self.subject))
            .date(date)
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            .header(AutoSubmitted)
            .multipart(parts)
            .map_err(|error| error.to_string())
    }
}

/// Always encoded, whatever is in it: no line of a text is one of the protocol's.
fn part(kind: ContentType, text: &str) -> Result<SinglePart, String> {
    let body = Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable);
    Ok(SinglePart::builder().header(kind).body(body.map_err(|_| "the text can't be encoded".to_owned())?))
}

/// What may stand in a header (threat T15): no control characters, and none that turn the direction of text.
pub(super) fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|letter| if is_plain(letter) { letter } else { ' ' }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= SUBJECT_CHARS_MAX {
        return line;
    }
    line.chars().take(SUBJECT_CHARS_MAX - 1).chain(['…']).collect()
}

/// Whether a letter stands for itself and changes nothing around it.
pub(super) fn is_plain(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// RFC 3834: a program wrote it, no program shall answer it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sent(subject: &str, text: &str) -> String {
        let letter = Letter { subject: subject.into(), text: text.into(), html: format!("<p>{text}</p>") };
        let from = "Keyward <keyward@example.com>".parse().unwrap();
        let id = "pcl_01900000000070008000000000000001".parse().unwrap();
        let message = letter.message(&from, "ada@example.com", id, UnixMs(1_772_360_100_000)).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    /// The names of the headers before the first empty line.
    fn headers(message: &str) -> Vec<String> {
        let head = message.split("\r\n\r\n").next().unwrap();
        let names = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        names.map(|line| line.split(':').next().unwrap().to_lowercase()).collect()
    }

    const NAMES: [&str; 8] =
        ["from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"];

    #[test]
    fn a_mail_says_that_a_program_wrote_it_and_which_parcel_it_is() {
        let mail = sent("Hello", "Text");
        assert!(mail.contains("Auto-Submitted: auto-generated\r\n"), "{mail}");
        assert!(mail.contains("Message-ID: <pcl_01900000000070008000000000000001@example.com>\r\n"), "{mail}");
        assert!(mail.contains("Date: Sun, 01 Mar 2026 10:15:00 +0000\r\n"), "{mail}");
    }

    proptest! {
        #[test]
        fn no_text_adds_a_header_or_ends_the_mail(subject in any::<String>(), text in any::<String>()) {
            let wicked = format!("{subject}\r\nBcc: eve@example.com\r\n\r\n.\r\n{text}\nBcc: eve@example.com");
            let mail = sent(&wicked, &format!("{wicked}\r\n.\r\nQUIT\r\n"));
            let mut found = headers(&mail);
            found.sort();
            let mut wanted = NAMES.map(str::to_owned).to_vec();
            wanted.sort();
            prop_assert_eq!(found, wanted);
            let lone = |line: &str| line.contains(['\r', '\n']) || !line.is_ascii();
            prop_assert!(!mail.split("\r\n").any(lone), "{}", mail);
        }
    }

    #[test]
    fn a_subject_is_one_line_of_bounded_length() {
        assert_eq!(one_line("a\r\n b\u{202E}c\u{2028}d\0e"), "a b c d e");
        assert_eq!(one_line(&"x".repeat(500)).chars().count(), SUBJECT_CHARS_MAX);
    }
}

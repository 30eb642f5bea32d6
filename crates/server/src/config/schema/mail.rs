//! The keys of `[mail]`.

use super::{Field, Given, Is, SECOND, field};

/// `[mail]`
pub(super) static MAIL: &[Field] = &[
    field("host", Is::Text, Given::Always("\"smtp.example.com\""), "The mail server."),
    field("port", Is::Whole(1, 65_535), Given::Eg("587"), "Its port; 587 with starttls, 465 with tls, 25 with none."),
    field(
        "security",
        Is::OneOf(&["starttls", "tls", "none"]),
        Given::Or("\"starttls\""),
        "How the connection is protected: `starttls` is refused where the server does not offer it, `none` serves \
         only a server on this machine.",
    ),
    field("username", Is::Text, Given::Eg("\"keyward\""), "With what to sign in to it."),
    field(
        "password",
        Is::Secret,
        Given::Eg("\"what-the-server-gave\""),
        "The password of that; `env:NAME` or `file:PATH` to keep it elsewhere.",
    ),
    field("from", Is::Text, Given::Always("\"Keyward <keyward@example.com>\""), "Whom mails are from."),
    field(
        "ca_file",
        Is::Text,
        Given::Eg("\"mail-ca.pem\""),
        "Certificates (PEM) of authorities that may vouch for the mail server, besides the public ones; relative to \
         this file.",
    ),
    field(
        "templates",
        Is::Text,
        Given::Eg("\"mail\""),
        "A directory with texts of your own in place of the built-in ones, relative to this file: docs/mail.md.",
    ),
    field(
        "timeout",
        Is::Duration(SECOND, 30 * SECOND),
        Given::Or("\"30s\""),
        "Most time to get in to the mail server, and again to hand over one mail.",
    ),
];

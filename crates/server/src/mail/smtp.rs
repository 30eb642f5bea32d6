//! One mail through one mail server: a connection of its own for each, so that nothing is kept open that could be
//! dead when it is needed.

use std::fmt;
use std::time::Duration;

use keyward_core::secret::Secret;
use keyward_core::time::SECOND_MS;
use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;

use crate::outbox::Sent;

/// How soon a server that was not there is asked again: mail flows within five seconds of its return (promise P8).
const AWAY_MS: i64 = 4 * SECOND_MS;
/// How soon one that is there and does not let us in: somebody must change something first.
const SHUT_MS: i64 = 60 * SECOND_MS;
/// What a server says that wants a sign-in first.
const SIGN_IN_FIRST: u16 = 530;

/// How the connection is protected.
#[derive(Clone)]
pub enum Security {
    /// Begins in the clear and is encrypted before anything is said; refused where the server does not offer it.
    StartTls(TlsParameters),
    /// Encrypted from the first byte.
    Tls(TlsParameters),
    /// In the clear; to this machine only.
    None,
}

/// With what to sign in.
#[derive(Clone)]
pub struct Login {
    /// Who.
    pub username: String,
    /// Their password.
    pub password: Secret,
}

/// A mail server.
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// With what to sign in, if it asks for that.
    pub login: Option<Login>,
    /// What we call ourselves.
    pub hello: String,
    /// Most time to get in, and again to hand over one mail.
    pub timeout: Duration,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}:{})", self.host, self.port)
    }
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The server is not there, or does not let us in.
    #[error("{why}")]
    Away {
        /// What it said.
        why: String,
        /// How soon to ask again.
        pause_ms: i64,
    },
    /// Not now.
    #[error("{0}")]
    Again(String),
    /// Never.
    #[error("{0}")]
    Never(String),
}

impl From<Failed> for Sent {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Away { why, pause_ms } => Self::Away(why, pause_ms),
            Failed::Again(why) => Self::Again(why),
            Failed::Never(why) => Self::Never(why),
        }
    }
}

impl Server {
    /// Hands over one mail; what the server said to it.
    pub async fn deliver(&self, message: &Message) -> Result<String, Failed> {
        let away = |why: String, pause_ms| Failed::Away { why, pause_ms };
        let mut connection = match tokio::time::timeout(self.timeout, self.connect()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => {
                let is_shut = error.is_permanent() || error.is_tls() || error.is_client();
                return Err(away(said(&error), if is_shut { SHUT_MS } else { AWAY_MS }));
            }
            Err(_) => return Err(away("the mail server does not answer".into(), AWAY_MS)),
        };
        let bytes = message.formatted();
        let sending = connection.send(message.envelope(), &bytes);
        let answer = match tokio::time::timeout(self.timeout, sending).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(refused(&error)),
            Err(_) => return Err(Failed::Again("the mail server stopped answering".into())),
        };
        // It is theirs now: how the connection ends says nothing about the mail.
        let _ = tokio::time::timeout(self.timeout, connection.quit()).await;
        Ok(words(&answer))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let hello = ClientId::Domain(self.hello.clone());
        let tls = match &self.security {
            Security::Tls(tls) => Some(tls.clone()),
            Security::StartTls(_) | Security::None => None,
        };
        let to = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(to, None, &hello, tls, None).await?;
        if let Security::StartTls(tls) = &self.security {
            connection.starttls(tls.clone(), &hello).await?;
        }
        if let Some(login) = &self.login {
            let credentials = Credentials::new(login.username.clone(), login.password.expose().to_owned());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
        }
        Ok(connection)
    }
}

/// A mail that was not taken by a server that let us in.
fn refused(error: &Error) -> Failed {
    let wants_sign_in = error.status().is_some_and(|code| u16::from(code) == SIGN_IN_FIRST);
    if wants_sign_in {
        Failed::Away { why: said(error), pause_ms: SHUT_MS }
    } else if error.is_permanent() || error.is_client() {
        Failed::Never(said(error))
    } else {
        Failed::Again(said(error))
    }
}

/// An error with what caused it.
fn said(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}

fn words(answer: &Response) -> String {
    format!("{} {}", answer.code(), answer.message().collect::<Vec<_>>().join(" ")).trim_end().to_owned()
}

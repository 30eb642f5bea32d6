//! Talking to providers: where they are (discovery, remembered for an hour), and whom they mean.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use keyward_core::secret::Secret;
use keyward_core::time::{HOUR_MS, SECOND_MS, UnixMs};
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreJwsSigningAlgorithm as Alg,
    CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, TokenResponse as _,
};
use tokio::sync::Mutex;

use super::fetch::Fetch;
use super::{instant, refused, unavailable};
use crate::app::App;
use crate::config::Provider;
use crate::operation::OpError;

const REMEMBERED_MS: i64 = HOUR_MS;
/// How soon a provider is asked again that could not be, or whose keys may have changed.
const AGAIN_MS: i64 = 10 * SECOND_MS;
/// What an answer may be signed with: the provider's own keys, never a shared secret and never nothing.
const ALGS: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// What providers said of themselves; one entry for each that is configured.
#[derive(Debug, Default)]
pub(in crate::sessions) struct Providers {
    fetch: Fetch,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    /// `None` when it could not be asked.
    metadata: Option<Arc<CoreProviderMetadata>>,
    at: UnixMs,
}

/// What is asked of the provider, and what to remember of it.
pub(super) struct Asked {
    pub(super) url: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// What came back, with what was remembered.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) code: &'a Secret,
    pub(super) nonce: &'a str,
    pub(super) verifier: &'a str,
}

/// Whom a provider means.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) issuer: String,
    pub(super) subject: String,
    /// In lower case; only if the provider says that it verified it.
    pub(super) email: Option<String>,
    pub(super) proved_at: Option<UnixMs>,
}

impl Providers {
    /// Where the browser goes.
    pub(super) async fn ask(&self, app: &App, provider: &Provider, fresh: bool) -> Result<Asked, OpError> {
        let metadata = self.metadata(app, provider, REMEMBERED_MS).await?;
        let client = client(app, provider, &metadata)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scopes([Scope::new("email".into()), Scope::new("profile".into())])
            .set_pkce_challenge(challenge);
        let request =
            if fresh { request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO) } else { request };
        let (url, state, nonce) = request.url();
        Ok(Asked {
            url: url.to_string(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        })
    }

    /// Whom the provider means by a code.
    pub(super) async fn identify(
        &self,
        app: &App,
        provider: &Provider,
        answer: Answer<'_>,
    ) -> Result<Identity, OpError> {
        let metadata = self.metadata(app, provider, REMEMBERED_MS).await?;
        let tokens = self.exchange(app, provider, &metadata, answer).await?;
        let claims = match verified(app, provider, &metadata, &tokens, answer.nonce)? {
            Ok(claims) => claims,
            // It may have begun to sign with another key since we asked.
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let metadata = self.metadata(app, provider, AGAIN_MS).await?;
                verified(app, provider, &metadata, &tokens, answer.nonce)?.map_err(|why| doubted(provider, &why))?
            }
            Err(why) => return Err(doubted(provider, &why)),
        };
        let email = match claims.email() {
            Some(email) => Some((email.as_str().to_lowercase(), claims.email_verified() == Some(true))),
            None => self.user_info(app, provider, &metadata, &tokens, &claims).await?,
        };
        Ok(Identity {
            issuer: provider.issuer.clone(),
            subject: claims.subject().to_string(),
            email: email.and_then(|(email, is_verified)| is_verified.then_some(email)),
            proved_at: claims.auth_time().map(|at| instant(at.timestamp_millis())),
        })
    }

    async fn exchange(
        &self,
        app: &App,
        provider: &Provider,
        metadata: &CoreProviderMetadata,
        answer: Answer<'_>,
    ) -> Result<CoreTokenResponse, OpError> {
        let client = client(app, provider, metadata)?;
        let code = AuthorizationCode::new(answer.code.expose().to_owned());
        let request = client.exchange_code(code).map_err(|why| unavailable(provider, &why))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(answer.verifier.to_owned()));
        request.request_async(&self.fetch).await.map_err(|why| match why {
            RequestTokenError::ServerResponse(_) => doubted(provider, &why),
            RequestTokenError::Request(_) | RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                unavailable(provider, &chain(&why))
            }
        })
    }

    /// The address, from providers that don't say it beside the subject.
    async fn user_info(
        &self,
        app: &App,
        provider: &Provider,
        metadata: &CoreProviderMetadata,
        tokens: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
    ) -> Result<Option<(String, bool)>, OpError> {
        let client = client(app, provider, metadata)?;
        let subject = Some(claims.subject().clone());
        let Ok(request) = client.user_info(tokens.access_token().clone(), subject) else { return Ok(None) };
        let info: CoreUserInfoClaims =
            request.request_async(&self.fetch).await.map_err(|why| unavailable(provider, &chain(&why)))?;
        Ok(info.email().map(|email| (email.as_str().to_lowercase(), info.email_verified() == Some(true))))
    }

    /// What the provider says of itself, not older than `age_ms`. One question at a time; a provider that could not be
    /// asked is left alone for a while.
    async fn metadata(
        &self,
        app: &App,
        provider: &Provider,
        age_ms: i64,
    ) -> Result<Arc<CoreProviderMetadata>, OpError> {
        let mut known = self.known.lock().await;
        let now = app.clock.now();
        if let Some(Known { metadata, at }) = known.get(&provider.name) {
            match metadata {
                Some(metadata) if now.since(*at) < age_ms => return Ok(Arc::clone(metadata)),
                None if now.since(*at) < AGAIN_MS => return Err(unavailable(provider, &"it was asked a moment ago")),
                Some(_) | None => {}
            }
        }
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|why| unavailable(provider, &why))?;
        let asked = CoreProviderMetadata::discover_async(issuer, &self.fetch).await;
        let metadata = asked.as_ref().ok().map(|metadata| Arc::new(metadata.clone()));
        known.insert(provider.name.clone(), Known { metadata: metadata.clone(), at: now });
        metadata.ok_or_else(|| match asked {
            Err(why) => unavailable(provider, &chain(&why)),
            Ok(_) => refused(),
        })
    }
}

fn client(app: &App, provider: &Provider, metadata: &CoreProviderMetadata) -> Result<Client, OpError> {
    let url = format!("{}/v1/session/sso/{}/callback", app.config.control_url(), provider.name);
    let back = RedirectUrl::new(url).map_err(|why| unavailable(provider, &why))?;
    let (id, secret) = (provider.client_id.clone(), provider.client_secret.expose().to_owned());
    let client =
        CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(id), Some(ClientSecret::new(secret)));
    Ok(client.set_redirect_uri(back))
}

type Verified = Result<CoreIdTokenClaims, ClaimsVerificationError>;

fn verified(
    app: &App,
    provider: &Provider,
    metadata: &CoreProviderMetadata,
    tokens: &CoreTokenResponse,
    nonce: &str,
) -> Result<Verified, OpError> {
    let client = client(app, provider, metadata)?;
    let token = tokens.id_token().ok_or_else(|| doubted(provider, &"it sent no identity"))?;
    let now = UNIX_EPOCH + Duration::from_millis(app.clock.now().0.max(0) as u64);
    let verifier = client.id_token_verifier().set_allowed_algs(ALGS).set_time_fn(move || now.into());
    let claims = match token.claims(&verifier, &Nonce::new(nonce.to_owned())) {
        Ok(claims) => claims.clone(),
        Err(why) => return Ok(Err(why)),
    };
    if let Some(expected) = claims.access_token_hash() {
        let alg = token.signing_alg().map_err(|why| doubted(provider, &why))?;
        let key = token.signing_key(&verifier).map_err(|why| doubted(provider, &why))?;
        let own = AccessTokenHash::from_token(tokens.access_token(), alg, key);
        if own.map_err(|why| doubted(provider, &why))? != *expected {
            return Err(doubted(provider, &"its tokens do not belong together"));
        }
    }
    Ok(Ok(claims))
}

/// What is wrong goes to the log; the browser is told that something is.
fn doubted(provider: &Provider, why: &dyn std::fmt::Display) -> OpError {
    tracing::warn!(provider = provider.name, %why, "an answer of a provider of identities was refused");
    refused()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(inner) = next {
        text = format!("{text}: {inner}");
        next = inner.source();
    }
    text
}

//! Requests to providers: bounded in time and size, and never redirected (threat T14).

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::Client;
use reqwest::redirect::Policy;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer of a provider.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Why a provider's answer was not had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// It did not answer.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// It answered too much.
    #[error("the answer has more than {BODY_BYTES_MAX} bytes")]
    TooLarge,
}

/// A client, made when it is first needed: most programs never ask a provider.
#[derive(Debug, Default)]
pub(super) struct Fetch(OnceLock<Client>);

impl Fetch {
    fn client(&self) -> Result<&Client, reqwest::Error> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        let made =
            Client::builder().redirect(Policy::none()).connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT).build()?;
        Ok(self.0.get_or_init(|| made))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let (head, body) = request.into_parts();
        let request = self.client()?.request(head.method, head.uri.to_string()).headers(head.headers).body(body);
        let mut answer = request.send().await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Fetch {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

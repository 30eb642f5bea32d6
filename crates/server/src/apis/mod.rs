//! APIs as the configuration declares them, for whoever makes accounts and keys.

mod routes;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use crate::accounts;
use crate::app::App;
use crate::changes::Reach;
use crate::config::ApiSetup;
use crate::operation::OpError;

pub use routes::routes;

/// The APIs a caller may see, in the order of their names: all of them, or the one its account is a customer of.
pub async fn list(app: &App, reach: Reach) -> Result<Vec<Arc<ApiSetup>>, OpError> {
    let Reach::Account(account) = reach else { return Ok(app.config.apis.clone()) };
    let api = accounts::get(app, reach, account).await?.api;
    Ok(app.config.api(&api).into_iter().cloned().collect())
}

/// Where an API's customers reach it, without a slash at the end: as configured, or else its first host that names one,
/// or else the gateway's own address; with its first prefix.
pub fn url(setup: &ApiSetup, gateway: SocketAddr) -> String {
    if let Some(url) = &setup.url {
        return url.trim_end_matches('/').to_owned();
    }
    let prefix = setup.prefixes.first().map_or("", |prefix| prefix.trim_end_matches('/'));
    match setup.hosts.iter().find(|host| !host.starts_with('*')) {
        Some(host) => format!("https://{host}{prefix}"),
        None => format!("http://{}{prefix}", reachable(gateway)),
    }
}

/// An address of every interface is reached by loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::url;

    fn made(extra: &str) -> String {
        let text = format!("[apis.x]\nupstream = 'http://h'\n{extra}");
        let config = crate::config::parse(&text, std::path::Path::new("")).expect("no faults");
        url(config.api("x").expect("an API"), "0.0.0.0:8080".parse().expect("an address"))
    }

    #[test]
    fn an_api_is_reached_where_it_says_or_at_its_host_or_at_the_gateway() {
        assert_eq!(
            made("url = 'https://api.example.com/v2/'\nhosts = ['other.example.com']"),
            "https://api.example.com/v2"
        );
        assert_eq!(
            made("hosts = ['*.example.com', 'api.example.com']\nprefixes = ['/v1']"),
            "https://api.example.com/v1"
        );
        assert_eq!(made("prefixes = ['/shop']"), "http://127.0.0.1:8080/shop");
        assert_eq!(made(""), "http://127.0.0.1:8080");
    }
}

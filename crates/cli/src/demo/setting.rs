//! The demo's configuration, written in this one place: the same TOML that `keyward serve` reads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use super::upstreams::Upstreams;
use crate::example::Which;

/// What the demo's configuration depends on.
pub(super) struct Setting<'a> {
    pub(super) data_dir: &'a Path,
    /// Gateway, auth, control.
    pub(super) listen: [SocketAddr; 3],
    pub(super) insecure_bind: bool,
    pub(super) own_upstream: Option<&'a str>,
    pub(super) examples: &'a Upstreams,
    /// Where mail is handed over.
    pub(super) smtp: SocketAddr,
}

impl Setting<'_> {
    /// The configuration.
    pub(super) fn toml(&self) -> String {
        self.deployment() + &self.apis()
    }

    fn deployment(&self) -> String {
        let [gateway, auth, control] = self.listen;
        format!(
            r#"data_dir = {data_dir}

[listen]
gateway = "{gateway}"
auth = "{auth}"
control = "{control}"
insecure_bind = {insecure}

[control]
url = "{url}"

[auth]
insecure = {insecure}

# Mail goes to the demo's own inbox.
[mail]
host = "{smtp_host}"
port = {smtp_port}
security = "none"
from = "Keyward <keyward@example.com>"

# Webhooks may be on this machine, also without TLS: to look at what they are told.
[webhooks]
loopback = true
"#,
            data_dir = text(&self.data_dir.to_string_lossy()),
            insecure = self.insecure_bind,
            url = reachable(control),
            smtp_host = self.smtp.ip(),
            smtp_port = self.smtp.port(),
        )
    }

    fn apis(&self) -> String {
        let [gateway, ..] = self.listen;
        let url = |which| text(&self.examples.url(which));
        let neutral = self.own_upstream.map_or_else(|| url(Which::Neutral), text);
        format!(
            r#"
# No preset: `Authorization: Bearer kw_live_…`.
[apis.demo]
prefixes = ["/demo"]
url = "{reached}/demo"
upstream = {neutral}
environments = ["live", "test"]
test_upstream = "same"
example = "{example}"
[apis.demo.words]
env_variable = "DEMO_API_KEY"
[apis.demo.limits.default]
limit = 600
window = "1m"

# Called by address it is region in1, called as localhost it is eu1; the account lives in in1.
[apis.clevertap]
preset = "clevertap"
prefixes = ["/clevertap"]
url = "{reached}/clevertap"
upstream = {clevertap}
default_region = "in1"
[apis.clevertap.regions.in1]
hosts = ["in1.api.clevertap.com", "127.0.0.1", "[::1]"]
[apis.clevertap.regions.eu1]
hosts = ["eu1.api.clevertap.com", "api.clevertap.com", "localhost"]

[apis.clickyid]
preset = "clickyid"
prefixes = ["/clickyid"]
url = "{reached}/clickyid"
upstream = {clickyid_live}
test_upstream = {clickyid_test}

[apis.codat]
preset = "codat"
prefixes = ["/codat"]
url = "{reached}/codat"
upstream = {codat}
"#,
            clevertap = url(Which::CleverTap),
            clickyid_live = url(Which::ClickyIdLive),
            clickyid_test = url(Which::ClickyIdTest),
            codat = url(Which::Codat),
            reached = reachable(gateway),
            example = if self.own_upstream.is_some() { "/" } else { "/hello" },
        )
    }
}

/// A text as TOML.
fn text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The URL by which a listener is reached from this machine.
pub(super) fn reachable(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_every_interface_is_reached_by_loopback() {
        let shown = |text: &str| reachable(text.parse().expect("an address"));
        assert_eq!(shown("0.0.0.0:8080"), "http://127.0.0.1:8080");
        assert_eq!(shown("[::]:8080"), "http://[::1]:8080");
        assert_eq!(shown("127.0.0.1:8080"), "http://127.0.0.1:8080");
    }

    #[tokio::test]
    async fn the_configuration_has_no_faults() {
        let examples = crate::demo::upstreams::start().await.expect("example upstreams");
        let setting = Setting {
            data_dir: Path::new("/var/empty/a \"quoted\" name"),
            listen: ["127.0.0.1:8080", "127.0.0.1:8082", "127.0.0.1:8081"]
                .map(|text| text.parse().expect("an address")),
            insecure_bind: false,
            own_upstream: None,
            examples: &examples,
            smtp: SocketAddr::from(([127, 0, 0, 1], 2525)),
        };
        let config = keyward_server::config::parse(&setting.toml(), Path::new("")).expect("no faults");
        let names: Vec<&str> = config.apis.iter().map(|setup| setup.api.name.as_str()).collect();
        assert_eq!(names, ["clevertap", "clickyid", "codat", "demo"]);
        assert_eq!(config.data_dir, setting.data_dir);
    }
}

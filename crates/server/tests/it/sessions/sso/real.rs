//! A real provider of identities in a process of its own (`tests/sso`).

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::super::Browser;

/// The provider; it ends with this.
pub struct Real {
    child: Child,
    pub issuer: String,
}

impl Real {
    /// Starts it; people are led back to this URL.
    pub fn start(redirect_uri: &str) -> Self {
        let root = cache().join("sso");
        let is_installed = root.join(".installed").exists();
        assert!(is_installed, "the provider is not installed in {}: run scripts/install-test-tools.sh", root.display());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sso/provider.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(redirect_uri).env("KEYWARD_SSO_ROOT", root);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("node is there");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).expect("the provider says where it is");
        Self { child, issuer: said["issuer"].as_str().unwrap().to_owned() }
    }

    /// Somebody says there who they are; where their browser is led back to.
    pub async fn vouch(&self, url: &str, who: &str) -> String {
        assert!(url.starts_with(&self.issuer), "{url}");
        let browser = Browser::new(&self.issuer);
        let interaction = browser.get(url).await.is(303).location();
        let resume = browser.get(&format!("{interaction}?as={who}")).await.is(303).location();
        browser.get(&resume).await.is(303).location()
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cache() -> PathBuf {
    let chosen = std::env::var_os("KEYWARD_TEST_CACHE").map(PathBuf::from);
    chosen.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache/keyward-tests"))
}

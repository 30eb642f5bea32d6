//! Setups for unit tests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use keyward_core::api::Api;
use keyward_core::expiry::ExpiryRules;
use keyward_core::key::{Environment, Kind, KindRules, Naming, Visibility};
use keyward_core::route::{Access, Routes};
use keyward_core::scope::Catalogue;
use keyward_core::secret::{Alphabet, Format};

use crate::config::{
    ApiSetup, AuthSettings, Config, GatewaySettings, Listen, Preflight, RateHeaders, Scheme, SignInSettings, Upstream,
    UpstreamAddress,
};
use crate::gateway::dialect::Dialect;

/// A setup under construction.
pub(crate) struct Made {
    name: String,
    hosts: Vec<String>,
    prefixes: Vec<String>,
    regions: BTreeMap<String, Vec<String>>,
    schemes: Vec<Scheme>,
    prefix: String,
    other_auth_passes: bool,
}

pub(crate) fn setup(name: &str) -> Made {
    Made {
        name: name.into(),
        hosts: vec![],
        prefixes: vec!["/".into()],
        regions: BTreeMap::new(),
        schemes: vec![Scheme::Bearer],
        prefix: String::new(),
        other_auth_passes: false,
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl Made {
    pub(crate) fn hosts(self, hosts: &[&str]) -> Self {
        Self { hosts: owned(hosts), ..self }
    }

    pub(crate) fn prefixes(self, prefixes: &[&str]) -> Self {
        Self { prefixes: owned(prefixes), ..self }
    }

    pub(crate) fn regions(self, regions: &[(&str, Vec<&str>)]) -> Self {
        let regions = regions.iter().map(|(name, hosts)| ((*name).to_owned(), owned(hosts))).collect();
        Self { regions, ..self }
    }

    pub(crate) fn schemes(self, schemes: Vec<Scheme>) -> Self {
        Self { schemes, ..self }
    }

    pub(crate) fn prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    pub(crate) fn other_auth_passes(self) -> Self {
        Self { other_auth_passes: true, ..self }
    }

    pub(crate) fn build(&self) -> ApiSetup {
        let rules = KindRules {
            kind: Kind::Account,
            visibility: Visibility::Once,
            format: Format::new(&self.prefix, Alphabet::Base62, 40).unwrap(),
            naming: Naming::Optional,
            name_chars_max: 50,
            unique_names: false,
            count_max: 10,
            count_min: 0,
            provisioned: false,
            expiry: ExpiryRules { days_min: 1, days_max: 365, required: false, infinite_days: None },
            scopes_required: false,
            overlap_days_max: 30,
        };
        let api = Api {
            name: self.name.clone(),
            kinds: vec![rules],
            catalogue: Catalogue::default(),
            environments: vec![Environment::Live],
            routes: Routes::default(),
            limits_live: vec![],
            limits_test: vec![],
            quotas: vec![],
            plans: BTreeMap::new(),
            regions: self.regions.clone(),
            require_https: false,
        };
        let upstream = Upstream {
            addresses: vec![UpstreamAddress { https: false, host: "127.0.0.1".into(), port: 9 }],
            base_path: String::new(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
        };
        ApiSetup {
            index: 0,
            api,
            preset: None,
            hosts: self.hosts.clone(),
            prefixes: self.prefixes.clone(),
            keep_prefix: false,
            preserve_host: false,
            upstreams: BTreeMap::from([("live".to_owned(), upstream)]),
            schemes: self.schemes.clone(),
            preflight: Preflight::Answer { origins: vec![] },
            other_auth_passes: self.other_auth_passes,
            rate_headers: RateHeaders::Ours,
            forward_credential: false,
            identity_headers: vec![],
            dialect: Dialect::default(),
            help_url: None,
            url: None,
            example: "/".into(),
            holder_door: None,
            keys_door: None,
            access: Access::Required,
            public_id_pattern: None,
            default_region: None,
            identity_needs_metadata: false,
            words: BTreeMap::new(),
            roles: vec![],
        }
    }
}

pub(crate) fn config(apis: Vec<Made>) -> Config {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let number = |(index, made): (usize, Made)| Arc::new(ApiSetup { index: index as u16, ..made.build() });
    Config {
        audit: crate::config::AuditSettings::default(),
        logs: crate::config::LogSettings {
            folder: "logs".into(),
            flush_every: Duration::from_millis(500),
            keep_days: None,
            bytes_max: u64::MAX,
        },
        data_dir: "unused".into(),
        effective: String::new(),
        listen: Listen { gateway: address, auth: address, control: address },
        store_url: String::new(),
        gateway: GatewaySettings {
            workers: 1,
            connections_max: 100,
            head_timeout: Duration::from_secs(10),
            body_idle_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(1),
            head_bytes_max: 32_768,
            headers_max: 100,
            uri_bytes_max: 16_384,
            drain_timeout: Duration::from_secs(30),
            trusted_proxies: vec![],
        },
        auth: AuthSettings { service_key: None },
        control_url: None,
        sign_in: SignInSettings { idle_ms: 1, lifetime_ms: 1, sso: vec![] },
        mail: None,
        thresholds: crate::signals::Thresholds::default(),
        webhooks: crate::config::OutwardSettings::default(),
        leaks: crate::config::LeakSettings::default(),
        usage: crate::config::UsageSettings::default(),
        apis: apis.into_iter().enumerate().map(number).collect(),
        digest: String::new(),
    }
}

//! The demo's accounts, people and keys. All of them are made by the same operations as anybody's; a second start on
//! the same data finds them again.

use anyhow::{Context as _, bail};
use base64::Engine as _;
use keyward_core::account::AcceptedKeys;
use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::{Environment, Kind, Visibility};
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_server::accounts::{self, AccountFilter, AccountView, NewAccount};
use keyward_server::app::App;
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys::{self, KeyFilter, KeyView, NewKey, WithSecret};
use keyward_server::management::{self, NewManagementKey};
use keyward_server::operation::{OpError, Page};
use keyward_server::people::{self, NewPerson};

use super::operator;
use super::states::{self, Place};
use crate::local::refused;

/// What the demo's accounts and keys are recognised by.
const MARK: &str = "keyward-demo";
const KEY_NAME: &str = "Demo";
/// How long a secret of the last start stays good.
const OVERLAP_S: i64 = 24 * 3_600;
/// Most names that are tried for a new key.
const NAMES_MAX: u32 = 1_000;
const PAGE_MAX: u32 = 200;

/// What a visitor is shown.
pub(super) struct World {
    pub(super) gateway: String,
    pub(super) management_key: Secret,
    pub(super) apis: Vec<Example>,
}

/// One API with a key that works.
pub(super) struct Example {
    pub(super) api: &'static str,
    pub(super) base_url: String,
    /// The id that its people send, where they send one.
    pub(super) account_id: String,
    pub(super) key: KeyId,
    pub(super) secret: Secret,
    /// A command that works when pasted.
    pub(super) curl: String,
    /// Somebody who may do everything in the account; on the first start alone.
    pub(super) admin: Option<Admin>,
}

/// Somebody who signs in.
pub(super) struct Admin {
    pub(super) email: &'static str,
    pub(super) password: Secret,
}

/// One API's inhabitants.
struct Cast {
    api: &'static str,
    account: &'static str,
    people: [(&'static str, &'static str); 2],
    scopes: &'static [&'static str],
}

const CASTS: [Cast; 4] = [
    Cast {
        api: "demo",
        account: "Example Shop",
        people: [("Ann Example", "ann@example.com"), ("Ben Example", "ben@example.com")],
        scopes: &[],
    },
    Cast {
        api: "clevertap",
        account: "Example Games",
        people: [("Cem Example", "cem@example.com"), ("Dora Example", "dora@example.com")],
        scopes: &[],
    },
    Cast {
        api: "clickyid",
        account: "Example Tickets",
        people: [("Eve Example", "eve@example.com"), ("Finn Example", "finn@example.com")],
        scopes: &["validate:target-groups", "validate:offers"],
    },
    Cast {
        api: "codat",
        account: "Example Lending",
        people: [("Gil Example", "gil@example.com"), ("Hana Example", "hana@example.com")],
        scopes: &[],
    },
];

/// Finds or makes everything.
pub(super) async fn build(app: &App, gateway: &str, own_upstream: bool) -> anyhow::Result<World> {
    let mut apis = Vec::with_capacity(CASTS.len());
    for cast in &CASTS {
        let made = example(app, cast, gateway, own_upstream).await;
        apis.push(made.with_context(|| format!("the example of the API {} could not be made", cast.api))?);
    }
    let new =
        NewManagementKey { name: KEY_NAME.into(), account: None, permissions: None, lifetime: Lifetime::Infinite };
    let made = management::create(app, Reach::All, Actor::system(), new, None).await.map_err(refused)?;
    let management_key = made.secret.context("the management key came without its secret")?;
    Ok(World { gateway: gateway.to_owned(), management_key, apis })
}

async fn example(app: &App, cast: &Cast, gateway: &str, own_upstream: bool) -> anyhow::Result<Example> {
    let (account, first_key, admin) = if let Some(account) = known_account(app, cast).await? {
        (account, None, None)
    } else {
        let (account, first_key) = new_account(app, cast).await?;
        let (admin, holder) = settle(app, cast, account.id).await?;
        let place = Place { account: account.id, holder };
        match cast.api {
            "clevertap" => states::passcodes(app, &place).await?,
            "clickyid" => states::request(app, &place).await?,
            _ => {}
        }
        (account, first_key, Some(admin))
    };
    let shown = match first_key {
        Some(key) => key,
        None => key(app, cast, account.id).await?,
    };
    let secret = shown.secret.context("a key came without its secret")?;
    let base_url = format!("{gateway}/{}", cast.api);
    let curl = curl(cast.api, &base_url, &account.public_id, &secret, own_upstream);
    Ok(Example { api: cast.api, base_url, account_id: account.public_id, key: shown.key.id, secret, curl, admin })
}

async fn known_account(app: &App, cast: &Cast) -> anyhow::Result<Option<AccountView>> {
    let filter =
        AccountFilter { api: Some(cast.api.into()), external_id: Some(MARK.into()), ..AccountFilter::default() };
    let found = accounts::list(app, Reach::All, filter, Page::default()).await.map_err(refused)?;
    Ok(found.items.into_iter().next())
}

async fn new_account(app: &App, cast: &Cast) -> anyhow::Result<(AccountView, Option<WithSecret>)> {
    let new = NewAccount {
        api: cast.api.into(),
        name: cast.account.into(),
        public_id: None,
        external_id: Some(MARK.into()),
        region: None,
        plan: None,
        accepted_keys: AcceptedKeys::Both,
        metadata: None,
        tags: vec![],
    };
    let made = accounts::create(app, Reach::All, Actor::system(), new, None).await.map_err(refused)?;
    Ok((made.account, made.first_key))
}

/// Adds the account's people: one who may do everything and has joined, and one who was invited.
async fn settle(app: &App, cast: &Cast, account: AccountId) -> anyhow::Result<(Admin, PersonId)> {
    let setup = app.config.api(cast.api).context("the API is configured")?;
    let all = setup.roles.iter().find(|role| role.permissions == Permissions::ALL).map(|role| role.name.clone());
    let [(name, email), (other, other_email)] = cast.people;
    let admin = NewPerson { account, name: name.into(), email: Some(email.into()), role: all };
    let made = people::create(app, Reach::All, Actor::system(), admin, None).await.map_err(refused)?;
    let token = made.invitation.context("somebody with an address is invited")?.token;
    let password = operator::password()?;
    people::accept(app, None, None, token, None, password.clone()).await.map_err(refused)?;
    let new = NewPerson { account, name: other.into(), email: Some(other_email.into()), role: None };
    let invited = people::create(app, Reach::All, Actor::system(), new, None).await.map_err(refused)?;
    Ok((Admin { email, password }, invited.person.id))
}

/// A key of the account with its secret: a known one where its secret can be had, otherwise a new one.
async fn key(app: &App, cast: &Cast, account: AccountId) -> anyhow::Result<WithSecret> {
    let rules = app.config.api(cast.api).and_then(|setup| setup.api.kind(Kind::Account));
    let visibility = rules.context("the API issues no account keys")?.visibility;
    let Some(known) = known_key(app, account, visibility).await? else { return new_key(app, cast, account).await };
    let shown = match visibility {
        Visibility::Always => keys::reveal(app, Reach::All, Actor::system(), known.id, true).await,
        // Nobody can show the secret again: the key gets a new one, and the one of the last start stays good a day.
        Visibility::Once | Visibility::Owner => fresh_secret(app, known.id).await,
    };
    shown.map_err(refused)
}

/// The oldest usable key: of those that the demo made, where secrets can't be seen again.
async fn known_key(app: &App, account: AccountId, visibility: Visibility) -> anyhow::Result<Option<KeyView>> {
    let filter = KeyFilter {
        account: Some(account),
        kind: Some(Kind::Account),
        environment: Some(Environment::Live),
        standing: Some(Standing::Active),
        tag: (visibility != Visibility::Always).then(|| MARK.into()),
        ..KeyFilter::default()
    };
    let page = Page { limit: PAGE_MAX, cursor: None };
    let found = keys::list(app, Reach::All, filter, page).await.map_err(refused)?;
    Ok(found.items.into_iter().last())
}

async fn fresh_secret(app: &App, key: KeyId) -> Result<WithSecret, OpError> {
    match keys::rotate(app, Reach::All, Actor::system(), key, OVERLAP_S, None).await {
        // The overlap of the start before the last one is still running: it ends now.
        Err(OpError::Conflict { .. }) => {
            keys::complete_rotation(app, Reach::All, Actor::system(), key).await?;
            keys::rotate(app, Reach::All, Actor::system(), key, OVERLAP_S, None).await
        }
        rotated => rotated,
    }
}

async fn new_key(app: &App, cast: &Cast, account: AccountId) -> anyhow::Result<WithSecret> {
    for number in 1..=NAMES_MAX {
        let name = if number == 1 { KEY_NAME.to_owned() } else { format!("{KEY_NAME} {number}") };
        let new = NewKey {
            account,
            kind: Kind::Account,
            environment: Environment::Live,
            name: Some(name),
            lifetime: Lifetime::Infinite,
            scopes: cast.scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            addresses: vec![],
            limits: vec![],
            quotas: vec![],
            plan: None,
            external_id: None,
            metadata: None,
            tags: vec![MARK.into()],
            contacts: vec![],
            person: None,
            pickup: None,
        };
        match keys::create(app, Reach::All, Actor::system(), new, None).await {
            Err(OpError::Conflict { code: "name_taken", .. }) => {}
            made => return made.map_err(refused),
        }
    }
    bail!("its account has too many keys named {KEY_NAME}; start with another --data")
}

/// A command that works when pasted, as the document of each API writes it.
fn curl(api: &str, base_url: &str, account_id: &str, secret: &Secret, own_upstream: bool) -> String {
    let secret = secret.expose();
    match api {
        "clevertap" => format!(
            "curl '{base_url}/1/profile.json?email=jack@gmail.com' -H 'X-CleverTap-Account-Id: {account_id}' \
             -H 'X-CleverTap-Passcode: {secret}'"
        ),
        "clickyid" => format!("curl {base_url}/target-groups -H 'Authorization: Bearer {secret}'"),
        "codat" => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(secret);
            format!("curl {base_url}/companies -H 'Authorization: Basic {encoded}'")
        }
        _ => {
            let path = if own_upstream { "/" } else { "/hello" };
            format!("curl {base_url}{path} -H 'Authorization: Bearer {secret}'")
        }
    }
}

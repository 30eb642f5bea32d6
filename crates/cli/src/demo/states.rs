//! Keys in every state, so that a visitor sees each of them and the inbox has a past: the demo's clock begins two months
//! back and is brought to the present as they are made.

use keyward_core::expiry::Lifetime;
use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::{Environment, Kind};
use keyward_core::policy::Policy;
use keyward_server::app::App;
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys::{self, NewKey, NewPickup};
use keyward_server::policies;

use super::inbox;
use crate::local::refused;

/// How far back the demo begins.
pub(super) const PAST_DAYS: i64 = 60;
const OVERLAP_S: i64 = 7 * 86_400;
/// The scope that waits for a second admin.
const APPROVED_SCOPE: &str = "validate:offers";

/// What is known of an account whose keys are made.
pub(super) struct Place {
    pub(super) account: AccountId,
    /// Who holds a personal key, where the API has them.
    pub(super) holder: PersonId,
}

/// Makes the passcodes of the CleverTap account, beginning in the past.
pub(super) async fn passcodes(app: &App, place: &Place) -> anyhow::Result<()> {
    make(app, new(place, "Billing export", Lifetime::Infinite)).await?;
    make(app, new(place, "Spring campaign", Lifetime::Days(45))).await?;
    let partner =
        NewKey { contacts: vec!["it@partner.example".into()], ..new(place, "Data warehouse", Lifetime::Days(68)) };
    make(app, partner).await?;
    let agency = make(app, new(place, "Old agency", Lifetime::Days(365))).await?;
    let sandbox = make(app, new(place, "Sandbox", Lifetime::Days(365))).await?;
    let nightly = make(app, new(place, "Nightly job", Lifetime::Days(365))).await?;
    let grant =
        NewKey { kind: Kind::Personal, person: Some(place.holder), name: None, ..new(place, "", Lifetime::Days(90)) };
    make(app, grant).await?;
    inbox::pass(app, PAST_DAYS / 2).await.map_err(refused)?;
    keys::revoke(app, Reach::All, Actor::system(), agency).await.map_err(refused)?;
    keys::disable(app, Reach::All, Actor::system(), sandbox).await.map_err(refused)?;
    inbox::pass(app, PAST_DAYS - PAST_DAYS / 2).await.map_err(refused)?;
    keys::rotate(app, Reach::All, Actor::system(), nightly, OVERLAP_S, None).await.map_err(refused)?;
    let sent = NewKey {
        pickup: Some(NewPickup { recipient: Some("Paula Partner".into()) }),
        ..new(place, "New partner", Lifetime::Days(180))
    };
    make(app, sent).await.map(drop)
}

/// Makes a key of the ClickyID account that waits for a second admin.
pub(super) async fn request(app: &App, place: &Place) -> anyhow::Result<()> {
    let set = async |policy| policies::set(app, Reach::All, Actor::system(), place.account, policy, None).await;
    let policy = Policy { approval_scopes: vec![APPROVED_SCOPE.into()], ..Policy::default() };
    set(policy).await.map_err(refused)?;
    let wanted = NewKey { scopes: vec![APPROVED_SCOPE.into()], ..new(place, "Mobile app", Lifetime::Days(90)) };
    make(app, wanted).await?;
    // Visitors' own keys wait for nobody.
    set(Policy::default()).await.map_err(refused)?;
    Ok(())
}

fn new(place: &Place, name: &str, lifetime: Lifetime) -> NewKey {
    NewKey {
        account: place.account,
        kind: Kind::Account,
        environment: Environment::Live,
        name: Some(name.into()),
        lifetime,
        scopes: vec![],
        addresses: vec![],
        limits: vec![],
        quotas: vec![],
        plan: None,
        external_id: None,
        metadata: None,
        tags: vec![],
        contacts: vec![],
        person: None,
        pickup: None,
    }
}

async fn make(app: &App, new: NewKey) -> anyhow::Result<KeyId> {
    let made = keys::create(app, Reach::All, Actor::system(), new, None).await.map_err(refused)?;
    Ok(made.key.id)
}

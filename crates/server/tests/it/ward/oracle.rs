//! Promise P3 on one node: an independent oracle over random histories. The oracle keeps its own plain model of
//! what every change means and works out each verdict from it; the program must agree, question by question.

use std::net::IpAddr;

use keyward_core::expiry::Lifetime;
use keyward_core::ids::KeyId;
use keyward_server::accounts::{self, AccountEdit, AccountView};
use keyward_server::authorize::Ward;
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys::{self, KeyEdit};

use super::ask;
use crate::support::{Started, new_key, start};

const APIS: &str = r#"
[apis.a]
prefixes = ["/"]
upstream = "http://127.0.0.1:9"
environments = ["live"]
scopes = { read = "", write = "" }
routes = [{ path = "/read", scopes = ["read"] }, { path = "/write", scopes = ["write"] }, { path = "/open" }]
"#;

const DAY_MS: i64 = 86_400_000;
const ROUNDS: usize = 250;
const QUESTIONS: usize = 400;

/// A random source whose every run is the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

struct Tenant {
    view: AccountView,
    suspended: bool,
}

struct Known {
    id: KeyId,
    tenant: usize,
    /// Each secret the key ever had, and from when on it is nobody's.
    secrets: Vec<(String, Option<i64>)>,
    gone: bool,
    revoked: bool,
    off: bool,
    ends: Option<i64>,
    read: bool,
    write: bool,
    at_home: bool,
}

struct History {
    started: Started,
    ward: Ward,
    tenants: Vec<Tenant>,
    known: Vec<Known>,
    dice: Dice,
    now: i64,
}

impl History {
    /// What the answer must be, by the plain meaning of the model.
    fn expected(&self, key: &Known, ends: Option<i64>, path: &str, home: bool) -> &'static str {
        if key.gone || ends.is_some_and(|end| self.now >= end) {
            return "invalid_credentials";
        }
        if self.tenants[key.tenant].suspended {
            return "account_suspended";
        }
        if key.revoked {
            return "key_revoked";
        }
        if key.off {
            return "key_disabled";
        }
        if key.ends.is_some_and(|end| self.now >= end) {
            return "key_expired";
        }
        if key.at_home && !home {
            return "ip_not_allowed";
        }
        match path {
            "/open" => "allow",
            "/read" if key.read => "allow",
            "/write" if key.write => "allow",
            "/read" | "/write" => "insufficient_scope",
            _ => "no_route",
        }
    }

    fn question(&mut self) {
        let (which, home) = (self.dice.roll(self.known.len()), self.dice.roll(2) == 0);
        let path = ["/read", "/write", "/open", "/none"][self.dice.roll(4)];
        let address: IpAddr = if home { [192, 0, 2, 7] } else { [198, 51, 100, 7] }.into();
        let secret = self.dice.roll(self.known[which].secrets.len());
        let key = &self.known[which];
        let (text, ends) = &key.secrets[secret];
        let answer = ask(&self.started.app, &self.ward, "a", text, Some(path), Some(address));
        assert_eq!(answer, self.expected(key, *ends, path, home), "{} {path} home={home} secret {secret}", key.id);
    }

    async fn create(&mut self) {
        let tenant = self.dice.roll(self.tenants.len());
        let (read, write, at_home) = (self.dice.roll(2) == 0, self.dice.roll(2) == 0, self.dice.roll(3) == 0);
        let mut new = new_key(&self.tenants[tenant].view, &format!("key {}", self.known.len()));
        let chosen = [("read", read), ("write", write)];
        new.scopes = chosen.iter().filter(|(_, has)| *has).map(|(name, _)| (*name).to_owned()).collect();
        new.addresses = if at_home { vec!["192.0.2.0/24".into()] } else { vec![] };
        let days = self.dice.roll(3) as u32;
        new.lifetime = if days == 0 { Lifetime::Infinite } else { Lifetime::Days(days) };
        let made = self.started.key(new).await;
        self.known.push(Known {
            id: made.key.id,
            tenant,
            secrets: vec![(made.secret.unwrap().expose().to_owned(), None)],
            gone: false,
            revoked: false,
            off: false,
            ends: (days > 0).then(|| self.now + i64::from(days) * DAY_MS),
            read,
            write,
            at_home,
        });
    }

    /// One random change. What the program refuses must leave its verdicts as they were.
    async fn change(&mut self) {
        let (app, actor) = (self.started.app.clone(), Actor::system());
        let which = self.dice.roll(self.known.len());
        let id = self.known[which].id;
        match self.dice.roll(12) {
            0 | 1 => self.create().await,
            2 => {
                if keys::revoke(&app, Reach::All, actor, id).await.is_ok() {
                    self.known[which].revoked = true;
                }
            }
            3 => {
                if keys::delete(&app, Reach::All, actor, id).await.is_ok() {
                    self.known[which].gone = true;
                }
            }
            4 => {
                if keys::disable(&app, Reach::All, actor, id).await.is_ok() {
                    self.known[which].off = true;
                }
            }
            5 | 6 => {
                if keys::enable(&app, Reach::All, actor, id).await.is_ok() {
                    self.known[which].off = false;
                }
            }
            7 => self.rotate(which, id).await,
            8 => self.end_rotation(which, id).await,
            9 => {
                let edit = KeyEdit { lifetime: Some(Lifetime::Days(1)), ..KeyEdit::default() };
                if keys::edit(&app, Reach::All, actor, id, edit, None).await.is_ok() {
                    self.known[which].ends = Some(self.now + DAY_MS);
                }
            }
            10 => {
                let edit = KeyEdit { scopes: Some(vec!["read".into()]), addresses: Some(vec![]), ..KeyEdit::default() };
                if keys::edit(&app, Reach::All, actor, id, edit, None).await.is_ok() {
                    let key = &mut self.known[which];
                    (key.read, key.write, key.at_home) = (true, false, false);
                }
            }
            _ => {
                let tenant = self.dice.roll(self.tenants.len());
                let suspended = self.dice.roll(4) == 0;
                let edit = AccountEdit { suspended: Some(suspended), ..AccountEdit::default() };
                accounts::edit(&app, Reach::All, actor, self.tenants[tenant].view.id, edit, None).await.unwrap();
                self.tenants[tenant].suspended = suspended;
            }
        }
    }

    async fn rotate(&mut self, which: usize, id: KeyId) {
        let overlap_s = self.dice.roll(3) as i64 * 36_000;
        let Ok(made) = keys::rotate(&self.started.app, Reach::All, Actor::system(), id, overlap_s, None).await else {
            return;
        };
        let end = self.now + overlap_s * 1_000;
        for (_, ends) in &mut self.known[which].secrets {
            ends.get_or_insert(end);
        }
        self.known[which].secrets.push((made.secret.unwrap().expose().to_owned(), None));
    }

    async fn end_rotation(&mut self, which: usize, id: KeyId) {
        let (now, cancel) = (self.now, self.dice.roll(2) == 0);
        let app = &self.started.app;
        let done = if cancel {
            keys::cancel_rotation(app, Reach::All, Actor::system(), id).await
        } else {
            keys::complete_rotation(app, Reach::All, Actor::system(), id).await
        };
        if done.is_err() {
            return;
        }
        let secrets = &mut self.known[which].secrets;
        let last = secrets.len() - 1;
        for (_, ends) in secrets.iter_mut() {
            // The one whose overlap is still running.
            if let Some(end) = ends.filter(|end| *end > now) {
                *ends = if cancel { None } else { Some(now.min(end)) };
            }
        }
        if cancel {
            secrets[last].1 = Some(now);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_verdict_differs_from_an_independent_oracle() {
    let started = start(APIS).await;
    let mut tenants = Vec::new();
    for number in 0..3 {
        let view = started.account("a", &format!("Example {number}")).await;
        tenants.push(Tenant { view, suspended: false });
    }
    let (ward, now) = (started.app.ward(), started.clock.now().0);
    let mut history = History { started, ward, tenants, known: Vec::new(), dice: Dice(7), now };
    for _ in 0..10 {
        history.create().await;
    }
    for _ in 0..ROUNDS {
        history.change().await;
        for _ in 0..QUESTIONS {
            history.question();
        }
        let ms = history.dice.roll(8) as i64 * 1_800_000;
        history.started.clock.advance(ms);
        history.now += ms;
        for _ in 0..QUESTIONS {
            history.question();
        }
    }
}

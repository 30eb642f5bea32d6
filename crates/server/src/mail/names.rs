//! What those who did something are called. A notice names them as the audit does, by id, so that somebody who is erased
//! is not kept in it; their name is looked up when it is told.

use std::collections::BTreeMap;

use keyward_core::ids::AccountId;
use serde_json::Value;

use crate::app::App;
use crate::db::Conn;
use crate::management;
use crate::notices::Raised;
use crate::operation::OpError;
use crate::people;

/// Names by who they are to the audit: of all that a notice names.
pub(super) async fn of(app: &App, notice: &Raised) -> Result<BTreeMap<String, String>, OpError> {
    let items = notice.facts.get("items").and_then(Value::as_array).into_iter().flatten();
    let all = items.filter_map(|item| item.get("facts")).chain([&notice.facts]);
    let mut names = BTreeMap::new();
    let mut conn = app.db.conn().await?;
    for who in all.filter_map(|facts| facts.get("by")?.as_str()) {
        if !names.contains_key(who) {
            names.insert(who.to_owned(), name(&mut conn, who, notice.account).await?.unwrap_or_default());
        }
    }
    Ok(names)
}

/// `None` for nobody in particular, and for who is no longer known.
async fn name(conn: &mut Conn, who: &str, account: Option<AccountId>) -> Result<Option<String>, OpError> {
    Ok(match who.split_once(':') {
        Some(("person", id)) => match id.parse() {
            Ok(id) => people::name_of(conn, id, account).await?,
            Err(_) => None,
        },
        Some(("management_key", id)) => match id.parse() {
            Ok(id) => management::name_of(conn, id).await?.map(|name| format!("the management key “{name}”")),
            Err(_) => None,
        },
        Some(("key", _)) => Some("the key itself".into()),
        Some(("leak_report", "github")) => Some("GitHub".into()),
        None if who == "cli" => Some("somebody at the command line".into()),
        Some(_) | None => None,
    })
}

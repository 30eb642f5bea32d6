//! The SQL of the outbox.

use keyward_core::ids::ParcelId;
use keyward_core::time::UnixMs;

use super::NewParcel;
use crate::db::Conn;
use crate::on_db;

const INSERT: &str = "insert into parcel (id, notice_id, account_id, channel, target, person_id, sealed, state, \
    attempts, due_at, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10) on conflict do nothing";

pub(super) async fn insert(
    conn: &mut Conn,
    id: ParcelId,
    parcel: &NewParcel,
    sealed: Option<Vec<u8>>,
    now: UnixMs,
) -> sqlx::Result<()> {
    let state = if parcel.held { "held" } else { "waiting" };
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(id.to_string())
        .bind(parcel.notice.to_string())
        .bind(parcel.account.map(|id| id.to_string()))
        .bind(parcel.channel.as_str())
        .bind(&parcel.target)
        .bind(parcel.person.map(|id| id.to_string()))
        .bind(sealed)
        .bind(state)
        .bind(parcel.due_at.0)
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))
}

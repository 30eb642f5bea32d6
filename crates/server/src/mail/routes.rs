//! `/v1/mail`.

use axum::Json as Body;
use axum::extract::State;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::{Json, Problem};

/// The routes of mail.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(test))
}

/// Sends one mail now and tells what the mail server said to it.
#[utoipa::path(post, path = "/v1/mail/test", tag = "notices", operation_id = "test_mail",
    extensions(("x-permission" = json!("operator"))), request_body = wire::MailTest,
    responses((status = 200, description = "What the mail server said.", body = wire::MailTested)))]
async fn test(State(app): State<App>, Json(test): Json<wire::MailTest>) -> Result<Body<wire::MailTested>, Problem> {
    let tested = super::test(&app, &test.to).await?;
    Ok(Body(wire::MailTested {
        accepted: tested.accepted,
        answer: tested.answer,
        took_ms: i64::try_from(tested.took.as_millis()).unwrap_or(i64::MAX),
    }))
}

//! Known traffic through the gateway: what usage tells of it, to the last request and within 2 % of its times.

use keyward_core::key::Environment;
use keyward_core::time::{HOUR_MS, MINUTE_MS};
use keyward_server::app::App;
use keyward_server::changes::Reach;
use keyward_server::clock::Clock;
use keyward_server::usage::{self, Asked, AskedSpan, Sum};

use super::everything;
use crate::gateway::wire::Origin;
use crate::gateway::{Gated, scoped};

/// An upstream that takes as many milliseconds as its path says, and answers with the status it says.
fn upstream(clock: &Clock) -> Origin {
    let clock = clock.clone();
    Origin::start(move |request, _| {
        let mut numbers = request.split(' ').nth(1)?.split('/').filter_map(|part| part.parse::<i64>().ok());
        let (ms, status) = (numbers.next()?, numbers.next()?);
        clock.advance(ms);
        Some(format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok"))
    })
}

/// What is known of one request.
#[derive(Clone, Copy)]
struct Sent {
    at: i64,
    outcome: &'static str,
    /// Where it was forwarded.
    took_ms: Option<i64>,
}

async fn total(app: &App, asked: Asked) -> Sum {
    usage::series(app, Reach::All, asked).await.unwrap().total
}

/// Checks a sum against what was sent.
fn is_of<'a>(sum: &Sum, sent: impl Iterator<Item = &'a Sent> + Clone) {
    assert_eq!(sum.requests, sent.clone().count() as u64);
    for outcome in ["ok", "client_error", "server_error", "insufficient_scope"] {
        let count = sent.clone().filter(|one| one.outcome == outcome).count() as u64;
        assert_eq!(sum.outcomes.get(outcome).copied().unwrap_or_default(), count, "{outcome}");
    }
    let mut took: Vec<i64> = sent.filter_map(|one| one.took_ms).collect();
    took.sort_unstable();
    for share in [0.5, 0.95, 0.99] {
        let exact = (!took.is_empty()).then(|| took[(took.len() as f64 * share).ceil() as usize - 1] as f64);
        match (sum.times.quantile_ms(share), exact) {
            (Some(told), Some(exact)) => assert!((told - exact).abs() <= 0.02 * exact, "{share}: {told} for {exact}"),
            (told, exact) => assert_eq!(told, exact),
        }
    }
    let mean = (!took.is_empty()).then(|| took.iter().sum::<i64>() as f64 / took.len() as f64);
    assert_eq!(sum.times.mean_ms().map(|ms| (ms * 1_000.0).round()), mean.map(|ms| (ms * 1_000.0).round()));
}

#[tokio::test(flavor = "multi_thread")]
async fn r76_r77_known_traffic_through_the_gateway_gives_exact_counts_and_times() {
    const REQUESTS: i64 = 240;
    // The upstream is given to the program before it has a clock.
    let later = Clock::manual(crate::support::START);
    let origin = upstream(&later);
    let apis = format!(
        "[apis.clickyid]\npreset = \"clickyid\"\nupstream = \"http://{}\"\ntest_upstream = \"same\"\n",
        origin.address
    );
    let gated = Gated::start_on(&apis, later).await;
    let app = &gated.started.app;
    let account = gated.started.account("clickyid", "Acme").await;
    let key = gated.started.key(scoped(&account, "server", Environment::Live, &["validate:offers"])).await;
    let bearer = format!("Authorization: Bearer {}", key.secret.unwrap().expose());
    let mut sent = Vec::new();
    for nth in 0..REQUESTS {
        let (ms, status, outcome) = match nth % 8 {
            0..5 => (1 + nth * nth % 977, 200, "ok"),
            5 => (3 + nth, 404, "client_error"),
            6 => (900 + 7 * nth, 503, "server_error"),
            _ => (0, 403, "insufficient_scope"),
        };
        let at = app.clock.now().0;
        let path =
            if outcome == "insufficient_scope" { "/target-groups".into() } else { format!("/offers?x=/{ms}/{status}") };
        let reply = gated.send(&format!("GET {path}"), &[&bearer], "");
        assert_eq!(i64::from(reply.status), status, "{path}: {}", reply.body);
        sent.push(Sent { at, outcome, took_ms: (outcome != "insufficient_scope").then_some(ms) });
        gated.started.clock.advance(20_000);
    }
    assert_eq!(everything(app).await.len() as i64, REQUESTS);
    let of_account = || Asked { account: Some(account.id), ..Asked::default() };
    for asked in [of_account(), Asked { key: Some(key.key.id), ..Asked::default() }, Asked::default()] {
        is_of(&total(app, asked).await, sent.iter());
    }
    for step_ms in [MINUTE_MS, 7 * MINUTE_MS, HOUR_MS] {
        let span = AskedSpan { step_s: Some((step_ms / 1_000) as u32), ..AskedSpan::default() };
        let series = usage::series(app, Reach::All, Asked { span, ..of_account() }).await.unwrap();
        for (step, sum) in series.steps.iter().enumerate() {
            let (from, to) = (series.span.at(step).0, series.span.at(step + 1).0);
            is_of(sum, sent.iter().filter(|one| (from..to).contains(&one.at)));
        }
        is_of(&series.total, sent.iter());
    }
    gated.running.stop().await;
}

//! Runs `authorize` a fixed number of times, to be counted by an instruction counter:
//! `valgrind --tool=callgrind --toggle-collect='*counted*' authorize-count`.

use std::borrow::Cow;

use anyhow::{Result, ensure};
use keyward_bench::{World, mix, world};
use keyward_core::decide::Request;
use keyward_server::authorize::{Attempt, Body, Outcome, Presented};

const KEYS: usize = 10_000;
const ROUNDS: u64 = 100_000;

#[inline(never)]
fn counted(world: &World) -> u64 {
    let setup = &world.config.apis[0];
    let mut allowed = 0;
    for round in 0..ROUNDS {
        let secret = world.secrets.get(mix(round) as usize % KEYS);
        let attempt = Attempt {
            setup,
            presented: Presented::Credential { account: None, secret: Cow::Borrowed(secret) },
            request: Request {
                region: None,
                address: None,
                https: None,
                route: setup.api.routes.find("GET", "/v1/things"),
            },
            body: Body::Unread,
            items: None,
            cost: None,
            spend: true,
        };
        allowed += u64::from(matches!(world.ward.authorize(&attempt).outcome, Outcome::Allow));
    }
    allowed
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let world = world(KEYS).await?;
    let allowed = counted(&world);
    ensure!(allowed == ROUNDS, "{allowed} of {ROUNDS} were allowed");
    println!("{ROUNDS} decisions");
    Ok(())
}

//! Names and their addresses.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::lookup_host;
use tokio::sync::Semaphore;

/// Most lookups under way: each holds a thread of the runtime until the system's resolver answers, however long that
/// takes.
const LOOKUPS_MAX: usize = 8;

type Given = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// Where names are looked up.
pub struct Names(Source);

enum Source {
    /// As the machine does.
    System(Arc<Semaphore>),
    /// By this.
    Given(Box<Given>),
}

impl Names {
    /// The machine's resolver.
    pub fn system() -> Self {
        Self(Source::System(Arc::new(Semaphore::new(LOOKUPS_MAX))))
    }

    /// Names of one's own choice.
    pub fn given(names: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Self {
        Self(Source::Given(Box::new(names)))
    }

    /// All addresses of a name; `None` where there is none. The caller bounds the time.
    pub(super) async fn resolve(&self, name: &str) -> Option<Vec<IpAddr>> {
        let free = match &self.0 {
            Source::Given(given) => return Some(given(name)),
            Source::System(free) => Arc::clone(free),
        };
        let permit = free.acquire_owned().await.ok()?;
        let name = name.to_owned();
        // On a task of its own: a caller who gives up leaves the permit with the lookup that still holds its thread.
        let looking = tokio::spawn(async move {
            let found = lookup_host((name.as_str(), 0)).await.map(|found| found.map(|at| at.ip()).collect());
            drop(permit);
            found.ok()
        });
        looking.await.ok()?
    }
}

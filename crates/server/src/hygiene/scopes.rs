//! Which of a key's scopes were never needed.

use keyward_core::api::Api;
use keyward_core::route::Route;

use crate::keys::KeyView;
use crate::usage::Life;

/// The scopes of a key that no route it was let in on could have needed; `None` where that can't be told. A route is
/// known by its pattern only, so what any of its methods needs counts, and whatever a rule on its body names.
pub(super) fn unused(api: &Api, key: &KeyView, life: &Life) -> Option<Vec<String>> {
    let declared = api.routes.all();
    let is_used = life.requests > life.refused;
    if declared.is_empty() || !is_used || life.routes.other > 0 {
        return None;
    }
    let mut needed = Vec::new();
    for met in life.routes.items.iter().filter(|met| met.requests > met.refused) {
        let of_pattern: Vec<&Route> = declared.iter().filter(|route| route.pattern == met.name).collect();
        // Decided without a path, or a route of an earlier configuration.
        if of_pattern.is_empty() {
            return None;
        }
        needed.extend(of_pattern);
    }
    let may_need = |scope: &&String| {
        needed.iter().any(|route| {
            let by_route = api.catalogue.names(&route.scopes).any(|name| name == scope.as_str());
            let rule = route.body.as_ref().and_then(|body| body.scopes.as_ref());
            by_route || rule.is_some_and(|rule| rule.mentions(scope))
        })
    };
    Some(key.scopes.iter().filter(|scope| !may_need(scope)).cloned().collect())
}

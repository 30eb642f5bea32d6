//! The dialect of an API, the dashboard's words and its roles.

use std::collections::BTreeMap;

use keyward_core::role::{BUILT_IN, Permissions};

use crate::config::fault::Faults;
use crate::config::setup::Role;
use crate::config::sources::Sources;
use crate::config::values;
use crate::config::view::Section;
use crate::gateway::dialect::{Dialect, DialectSource, KeysSource};

/// Compiles the templates of an API.
pub(super) fn dialect(api: &Section<'_>, sources: &Sources, faults: &mut Faults) -> Option<Dialect> {
    let errors = api.inside("errors")?;
    let door = api.inside("keys_door");
    let mut template = |section: &Section<'_>, key: &str| {
        let found = sources.read(section.spot(key).file, section.text(key)?);
        found.map_err(|why| faults.add(section.spot(key), section.at(key), why)).ok()
    };
    let body = template(&errors, "template");
    let keys = door.as_ref().and_then(|door| {
        let (key, list) = (template(door, "key"), template(door, "list"));
        Some(KeysSource { content_type: door.text("content_type")?.to_owned(), key: key?, list: list? })
    });
    for section in [Some(&errors), door.as_ref()].into_iter().flatten() {
        let content_type = section.text("content_type").unwrap_or_default();
        let printable = content_type.bytes().all(|b| (b' '..0x7F).contains(&b));
        if !content_type.contains('/') || !printable {
            let why = format!("`{content_type}` is not a media type such as application/json");
            faults.add(section.spot("content_type"), section.at("content_type"), why);
        }
    }
    let messages = errors.text_each("messages");
    for (code, _, spot) in &messages {
        if !code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            faults.add(*spot, errors.at("messages"), format!("`{code}` is not a code"));
        }
    }
    let source = DialectSource {
        content_type: errors.text("content_type").map(str::to_owned),
        template: body,
        messages: messages.into_iter().map(|(code, text, _)| (code.to_owned(), text.to_owned())).collect(),
        keys,
    };
    Dialect::compile(source)
        .map_err(|all| {
            for bad in all {
                let section = if matches!(bad.template.as_str(), "key" | "list") { door.as_ref() } else { None };
                let section = section.unwrap_or(&errors);
                let key = bad.template.split('.').next().unwrap_or_default();
                let path = format!("{}.{}", section.path, bad.template);
                let code = bad.template.strip_prefix("messages.").unwrap_or_default();
                let own =
                    errors.text_each("messages").into_iter().find(|(name, ..)| *name == code).map(|(.., spot)| spot);
                faults.add(own.unwrap_or_else(|| section.spot(key)), path, bad.why);
            }
        })
        .ok()
}

/// The path of the keys door.
pub(super) fn keys_door(api: &Section<'_>, faults: &mut Faults) -> Option<String> {
    let door = api.inside("keys_door")?;
    match values::fixed_path(door.text("path")?) {
        Ok(path) if path != "/" => Some(path),
        Ok(_) => {
            faults.add(door.spot("path"), door.at("path"), "the door can't stand at the root");
            None
        }
        Err(why) => {
            faults.add(door.spot("path"), door.at("path"), why);
            None
        }
    }
}

/// What the dashboard calls things.
pub(super) fn words(api: &Section<'_>) -> BTreeMap<String, String> {
    api.text_each("words").into_iter().map(|(key, word, _)| (key.to_owned(), word.to_owned())).collect()
}

/// The roles that people of an account can have: the built-in ones where an API names none.
pub(super) fn roles(api: &Section<'_>, faults: &mut Faults) -> Vec<Role> {
    let mut roles: Vec<Role> =
        api.each("roles").into_iter().map(|(name, section)| role(name, &section, faults)).collect();
    if roles.is_empty() {
        return BUILT_IN.iter().map(built_in).collect();
    }
    if !roles.iter().any(|role| role.permissions == Permissions::ALL) {
        let why = "one role must have the permission `*`: without an admin nobody could give roles";
        faults.add(api.spot("roles"), api.at("roles"), why);
    }
    // Admins first, then by what they permit: the order that people are shown.
    roles.sort_by_key(|role| std::cmp::Reverse(role.permissions.count()));
    roles
}

fn role(name: &str, section: &Section<'_>, faults: &mut Faults) -> Role {
    let mut permissions = Permissions::NONE;
    for (word, spot) in section.texts("permissions") {
        match Permissions::parse([word]) {
            Ok(more) => permissions = permissions.or(more),
            Err(bad) => faults.add(spot, section.at("permissions"), bad.to_string()),
        }
    }
    let text = |key: &str| section.text(key).map(str::to_owned);
    let title = text("title").unwrap_or_else(|| name.to_owned());
    Role { name: name.to_owned(), title, description: text("description").unwrap_or_default(), permissions }
}

fn built_in((name, title, description, words): &(&str, &str, &str, &[&str])) -> Role {
    let permissions =
        Permissions::parse(words.iter().copied()).expect("built-in roles name permissions; a test reads them");
    Role { name: (*name).into(), title: (*title).into(), description: (*description).into(), permissions }
}

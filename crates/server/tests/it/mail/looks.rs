//! How mails read, in the words of each preset.

use keyward_server::mail::looks;

use crate::support::parse;

const APIS: &str = "
[apis.clevertap]
preset = 'clevertap'
upstream = 'http://127.0.0.1:9'
[apis.clickyid]
preset = 'clickyid'
upstream = 'http://127.0.0.1:9'
test_upstream = 'same'
prefixes = ['/clickyid']
[apis.codat]
preset = 'codat'
upstream = 'http://127.0.0.1:9'
prefixes = ['/codat']
";

#[test]
fn two_mails_of_each_preset_read_so() {
    let dir = tempfile::tempdir().unwrap();
    let config = parse(APIS, dir.path());
    for api in ["clevertap", "clickyid", "codat"] {
        for (kind, letter) in looks(&config, api, "Europe/Berlin") {
            let name = format!("{api}_{}", kind.as_str().replace('.', "_"));
            if matches!(kind.as_str(), "key.expiring" | "invitation") {
                insta::assert_snapshot!(format!("{name}_text"), format!("{}\n\n{}", letter.subject, letter.text));
                insta::assert_snapshot!(format!("{name}_html"), letter.html);
            }
        }
    }
}

#[test]
fn no_mail_fetches_anything_and_every_fact_is_escaped() {
    let dir = tempfile::tempdir().unwrap();
    let config = parse(APIS, dir.path());
    for (kind, letter) in looks(&config, "codat", "UTC") {
        for word in ["<img", "<link", "<script", "url(", "@import", "src="] {
            assert!(!letter.html.contains(word), "{}: {word}", kind.as_str());
        }
        assert!(!letter.subject.is_empty() && letter.text.lines().count() > 3, "{}", kind.as_str());
        assert!(letter.text.lines().all(|line| line == "-- " || !line.ends_with(' ')), "{}", kind.as_str());
    }
}

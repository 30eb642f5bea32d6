use super::*;

/// `[mail]` with these lines, which begin on line 4.
fn mail(lines: &str) -> String {
    format!("[mail]\nhost = 'smtp.example.com'\nfrom = 'Keyward <keyward@example.com>'\n{lines}")
}

/// The only fault of a text, with its place.
fn fault(text: &str, dir: &Path) -> String {
    let faults = parse(text, dir).expect_err("there is a fault");
    let [only] = faults.as_slice() else { panic!("{faults:#?}") };
    only.to_string()
}

#[test]
fn mail_needs_a_host_and_a_sender_and_is_encrypted_unless_it_stays_here() {
    assert!(good("").mail.is_none());
    let server = |lines: &str| good(&mail(lines)).mail.unwrap().server;
    assert_eq!(server("").port, 587);
    assert_eq!(server("security = 'tls'").port, 465);
    assert_eq!(server("security = 'tls'\nport = 2525").port, 2525);
    for (lines, line, why) in [
        ("security = 'none'", 4, "mail.security: in the clear only to a server on this machine"),
        ("username = 'a'", 4, "mail.username: a username needs a password"),
        ("password = 'a'", 4, "mail.password: a password needs a username"),
        ("ca_file = 'nowhere.pem'", 4, "mail.ca_file: can't read"),
        ("ca_file = 'Cargo.toml'", 4, "mail.ca_file: `Cargo.toml` holds no certificate"),
        ("templates = 'nowhere'", 4, "mail.templates: "),
    ] {
        let fault = fault(&mail(lines), Path::new(HERE));
        assert!(fault.starts_with(&format!("line {line}: {why}")), "{fault}");
    }
    for from in ["keyward", "a@b\\r\\nBcc: c@d.e", ""] {
        let text = format!("[mail]\nhost = '127.0.0.1'\nfrom = \"{from}\"");
        assert!(fault(&text, Path::new(HERE)).starts_with("line 3: mail.from: "), "{from}");
    }
    let shown = good(&mail("username = 'a'\npassword = 'the password'")).effective;
    assert!(!shown.contains("the password") && shown.contains("smtp.example.com"), "{shown}");
}

#[test]
fn a_template_of_ones_own_is_tried_out_and_blamed_by_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("own");
    std::fs::create_dir(&own).unwrap();
    let text = mail("templates = 'own'");
    let write = |name: &str, text: &str| std::fs::write(own.join(name), text).unwrap();
    let blocks = |lead: &str| {
        format!(
            "{{% block subject %}}Mine{{% endblock %}}\n{{% block lead %}}{lead}{{% endblock %}}\n\
             {{% block then %}}{{% endblock %}}{{% block button %}}{{% endblock %}}"
        )
    };
    for (lead, why) in [
        ("{{ nobody.knows }}", "own/invitation.jinja:2: undefined value"),
        ("{{ account|shout }}", "own/invitation.jinja:2: unknown filter"),
        ("{% if %}", "own/invitation.jinja:2: syntax error"),
    ] {
        write("invitation.jinja", &blocks(lead));
        let fault = fault(&text, dir.path());
        assert!(fault.starts_with("line 4: mail.templates: ") && fault.contains(why), "{fault}");
    }
    write("invitation.jinja", "{% block subject %}{% endblock %}");
    assert!(fault(&text, dir.path()).contains("lead"), "a block is missing");
    write("invitation.jinja", &blocks("{{ account }}!"));
    let config = parse(&text, dir.path()).unwrap();
    let looks = crate::mail::looks(&config, "", "UTC");
    let (_, letter) = looks.iter().find(|(kind, _)| kind.as_str() == "invitation").unwrap();
    assert!(letter.subject == "Mine" && letter.text.starts_with("Acme Corp!"), "{}", letter.text);
    write("invitaton.jinja", "");
    assert!(fault(&text, dir.path()).contains("no mail is made of such a file"));
}

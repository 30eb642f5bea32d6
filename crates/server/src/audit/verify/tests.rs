//! Somebody who can write the store edits a chain in every way; the look at it must find each.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const HISTORY: &str = "0123456789abcdef";

fn key() -> AuditKey {
    AuditKey::new(&[7; 32])
}

/// A chain as the writer makes it: several events a change.
fn chain(key: &AuditKey, events: i64) -> (Vec<AuditRow>, Head) {
    let mut rows: Vec<AuditRow> = Vec::new();
    let mut mac = Vec::new();
    for seq in 1..=events {
        let mut row = AuditRow {
            seq,
            epoch: 1 + seq / 2,
            place: seq % 2,
            at: 1_000 + seq,
            actor: "management_key:mk_1".into(),
            origin: (seq % 3 == 0).then(|| "192.0.2.1".into()),
            action: "key.created".into(),
            subject: format!("key_{seq}"),
            account_id: (seq % 4 != 0).then(|| "acc_1".into()),
            before: None,
            after: (seq % 5 != 0).then(|| format!("{{\"name\":\"{seq}\"}}")),
            mac: Vec::new(),
        };
        row.mac = row.link().mac(key, &mac).to_vec();
        mac.clone_from(&row.mac);
        rows.push(row);
    }
    let mut head = Head {
        epoch: 1 + events / 2,
        hash: "h".into(),
        history: HISTORY.into(),
        floor: 0,
        at: 2_000,
        audit_seq: events,
        audit_mac: mac,
        audit_seal: vec![],
    };
    head.audit_seal = crate::audit::seal(key, &head).to_vec();
    (rows, head)
}

/// Rows come from the store by their number.
fn look(key: &AuditKey, mut rows: Vec<AuditRow>, head: Head, checkpoint: Option<Checkpoint>, heads: Heads) -> Report {
    rows.sort_by_key(|row| row.seq);
    let mut verifier = Verifier::new(key, Some(head), checkpoint, heads);
    for row in &rows {
        verifier.event(row);
    }
    verifier.end()
}

fn findings(rows: Vec<AuditRow>, head: Head) -> Vec<Finding> {
    look(&key(), rows, head, None, Heads::default()).findings
}

/// What somebody does to the store. Places are taken modulo what is there.
#[derive(Debug, Clone)]
enum Edit {
    Number(usize, usize, i64),
    Text(usize, usize, Option<String>),
    Mac(usize, usize, u8),
    Delete(usize),
    Swap(usize, usize),
    SwapWhole(usize, usize),
    Cut(usize),
    CutAndMend(usize),
    Copy(usize, i64),
    HeadSeq(i64),
    HeadMac(usize),
    HeadEpoch(i64),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = || any::<usize>();
    let text = || prop_oneof![Just(None), "[a-z\"{}:]{0,6}".prop_map(Some)];
    prop_oneof![
        (at(), at(), -3_i64..4).prop_map(|(row, column, by)| Edit::Number(row, column, by)),
        (at(), at(), text()).prop_map(|(row, column, to)| Edit::Text(row, column, to)),
        (at(), at(), any::<u8>()).prop_map(|(row, byte, to)| Edit::Mac(row, byte, to)),
        at().prop_map(Edit::Delete),
        (at(), at()).prop_map(|(one, other)| Edit::Swap(one, other)),
        (at(), at()).prop_map(|(one, other)| Edit::SwapWhole(one, other)),
        at().prop_map(Edit::Cut),
        at().prop_map(Edit::CutAndMend),
        (at(), -2_i64..40).prop_map(|(row, seq)| Edit::Copy(row, seq)),
        (-3_i64..4).prop_map(Edit::HeadSeq),
        at().prop_map(Edit::HeadMac),
        (-3_i64..4).prop_map(Edit::HeadEpoch),
    ]
}

fn apply(edit: &Edit, rows: &mut Vec<AuditRow>, head: &mut Head) {
    if rows.is_empty() {
        return;
    }
    let count = rows.len();
    match edit {
        Edit::Number(row, column, by) => {
            let row = &mut rows[row % count];
            *[&mut row.seq, &mut row.epoch, &mut row.place, &mut row.at][column % 4] += by;
        }
        Edit::Text(row, column, to) => {
            let row = &mut rows[row % count];
            let said = to.clone().unwrap_or_default();
            match column % 7 {
                0 => row.actor = said,
                1 => row.action = said,
                2 => row.subject = said,
                3 => row.origin.clone_from(to),
                4 => row.account_id.clone_from(to),
                5 => row.before.clone_from(to),
                _ => row.after.clone_from(to),
            }
        }
        Edit::Mac(row, byte, to) => rows[row % count].mac[byte % 32] = *to,
        Edit::Delete(row) => drop(rows.remove(row % count)),
        Edit::Swap(one, other) => {
            // Two events change places, each with its hash.
            let (one, other) = (one % count, other % count);
            let numbers = (rows[one].seq, rows[other].seq);
            (rows[one].seq, rows[other].seq) = (numbers.1, numbers.0);
        }
        Edit::SwapWhole(one, other) => {
            let (one, other) = (one % count, other % count);
            let stands = |row: &AuditRow| (row.seq, row.epoch, row.place, row.at);
            let (first, second) = (stands(&rows[one]), stands(&rows[other]));
            (rows[one].seq, rows[one].epoch, rows[one].place, rows[one].at) = second;
            (rows[other].seq, rows[other].epoch, rows[other].place, rows[other].at) = first;
        }
        Edit::Cut(left) => rows.truncate(left % count),
        Edit::CutAndMend(left) => {
            rows.truncate(left % count);
            head.audit_seq = rows.last().map_or(0, |row| row.seq);
            head.audit_mac = rows.last().map_or(vec![], |row| row.mac.clone());
        }
        Edit::Copy(row, seq) => {
            let mut copy = rows[row % count].clone();
            copy.seq = *seq;
            rows.retain(|row| row.seq != *seq);
            rows.push(copy);
        }
        Edit::HeadSeq(by) => head.audit_seq += by,
        Edit::HeadMac(row) => head.audit_mac.clone_from(&rows[row % count].mac),
        Edit::HeadEpoch(by) => head.epoch += by,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_edited_is_found(edits in vec(edit(), 1..4), events in 1_i64..24) {
        let key = key();
        let (whole, end) = chain(&key, events);
        let (mut rows, mut head) = (whole.clone(), end.clone());
        for edit in &edits {
            apply(edit, &mut rows, &mut head);
        }
        rows.sort_by_key(|row| row.seq);
        let is_same = rows == whole && head == end;
        prop_assert_eq!(findings(rows, head).is_empty(), is_same, "{:?}", edits);
    }
}

#[test]
fn a_whole_chain_has_no_findings_and_neither_has_an_empty_one_that_is_sealed() {
    let key = key();
    let (rows, head) = chain(&key, 9);
    let report = look(&key, rows, head, None, Heads::default());
    assert_eq!((report.is_whole(), report.events, report.last), (true, 9, 9));
    let unused = chain(&key, 0).1;
    assert!(look(&key, vec![], unused.clone(), None, Heads::default()).is_whole());
    // Somebody emptied everything.
    let emptied = Head { epoch: 0, audit_seq: 0, audit_mac: vec![], audit_seal: vec![], ..unused };
    assert!(!look(&key, vec![], emptied, None, Heads::default()).is_whole());
}

#[test]
fn what_is_wrong_is_named() {
    let (rows, head) = chain(&key(), 9);
    let mut changed = rows.clone();
    changed[3].subject = "key_x".into();
    assert_eq!(findings(changed, head.clone()), [Finding::Changed { seq: 4, epoch: 3 }]);
    let mut removed = rows.clone();
    removed.drain(3..5);
    assert_eq!(findings(removed, head.clone()), [Finding::Removed { from: 4, to: 5 }]);
    let cut = rows[..6].to_vec();
    assert_eq!(findings(cut.clone(), head.clone()), [Finding::Cut { from: 7, to: 9 }]);
    let mended = Head { audit_seq: 6, audit_mac: cut[5].mac.clone(), ..head.clone() };
    assert_eq!(findings(cut, mended), [Finding::Head]);
    let mut reordered = rows;
    (reordered[3].seq, reordered[4].seq) = (5, 4);
    assert!(findings(reordered, head).contains(&Finding::Reordered { seq: 5, epoch: 3 }));
}

#[test]
fn who_has_another_key_can_rewrite_nothing() {
    let (forged, head) = chain(&AuditKey::new(&[8; 32]), 9);
    let found = findings(forged, head);
    assert_eq!(found.len(), 10);
    assert!(found.contains(&Finding::Head) && found.contains(&Finding::Changed { seq: 1, epoch: 1 }));
}

/// A file of heads of this chain, one at every event that is named.
fn heads(key: &AuditKey, rows: &[AuditRow], head: &Head, at: &[i64]) -> Heads {
    let line = |seq: &i64| {
        let mac = rows.iter().find(|row| row.seq == *seq).map_or(vec![], |row| row.mac.clone());
        let head = Head { audit_seq: *seq, audit_mac: mac, ..head.clone() };
        let signed = super::super::SignedHead::sign(key, &head, UnixMs(5_000));
        format!("<110>1 keyward: {}\n", serde_json::to_string(&signed).unwrap())
    };
    Heads::read(at.iter().map(line).collect::<String>().as_bytes()).unwrap()
}

#[test]
fn who_has_the_key_too_is_found_by_signed_heads_alone() {
    let key = key();
    let (rows, head) = chain(&key, 9);
    let kept = || heads(&key, &rows, &head, &[0, 4, 9]);
    let report = look(&key, rows.clone(), head.clone(), None, kept());
    assert_eq!((report.is_whole(), report.heads), (true, 3));

    // The same events but one, chained and sealed as if nothing had been.
    let (mut forged, mut end) = (rows.clone(), head.clone());
    forged[5].actor = "somebody else".into();
    let mut mac = vec![];
    for row in &mut forged {
        row.mac = row.link().mac(&key, &mac).to_vec();
        mac.clone_from(&row.mac);
    }
    end.audit_mac = mac;
    end.audit_seal = crate::audit::seal(&key, &end).to_vec();
    assert!(findings(forged.clone(), end.clone()).is_empty());
    let found = look(&key, forged, end, None, kept()).findings;
    assert_eq!(found, [Finding::Rewritten { seq: 9, line: 3 }]);

    // A past that ends earlier, whole in itself.
    let (short, end) = chain(&key, 6);
    assert_eq!(look(&key, short, end, None, kept()).findings, [Finding::Behind { seq: 9, line: 3 }]);
}

#[test]
fn heads_of_others_and_what_is_no_head_is_named() {
    let (key, other) = (key(), AuditKey::new(&[8; 32]));
    let (rows, head) = chain(&key, 4);
    let unsigned = heads(&other, &rows, &head, &[2]);
    assert_eq!(look(&key, rows.clone(), head.clone(), None, unsigned).findings, [Finding::BadHead { line: 1 }]);
    let foreign = heads(&key, &rows, &Head { history: "f00".into(), ..head.clone() }, &[2]);
    assert_eq!(look(&key, rows.clone(), head.clone(), None, foreign).findings, [Finding::ForeignHead { line: 1 }]);
    let garbage = Heads::read(&b"\n{\"seq\": 3}\nhello\n"[..]).unwrap();
    let want = [Finding::BadHead { line: 2 }, Finding::BadHead { line: 3 }];
    assert_eq!(look(&key, rows, head, None, garbage).findings, want);
}

#[test]
fn a_cut_beginning_is_right_only_behind_a_signed_checkpoint() {
    let key = key();
    let (rows, head) = chain(&key, 9);
    let left = rows[4..].to_vec();
    assert_eq!(findings(left.clone(), head.clone()), [Finding::Removed { from: 1, to: 4 }]);
    let mut checkpoint = Checkpoint { seq: 4, mac: rows[3].mac.clone(), at: 1_004, signature: vec![] };
    let forged = look(&key, left.clone(), head.clone(), Some(checkpoint.clone()), Heads::default());
    assert_eq!(forged.findings, [Finding::Checkpoint]);
    checkpoint.signature = key.sign(&checkpoint.text(HISTORY));
    let kept = heads(&key, &rows, &head, &[2, 4, 7]);
    let report = look(&key, left, head.clone(), Some(checkpoint.clone()), kept);
    assert_eq!((report.is_whole(), report.cut_until, report.events), (true, 4, 5));
    assert_eq!((report.heads, report.heads_too_old), (2, 1));
    // An older checkpoint does not cover what was removed since, and what it covers has no place any more.
    let more = look(&key, rows[5..].to_vec(), head.clone(), Some(checkpoint.clone()), Heads::default());
    assert_eq!(more.findings, [Finding::Removed { from: 5, to: 5 }]);
    let back = look(&key, rows[3..].to_vec(), head, Some(checkpoint), Heads::default());
    assert_eq!(back.findings, [Finding::Added { seq: 4, epoch: 3 }]);
}

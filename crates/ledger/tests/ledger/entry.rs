//! Entries: one spelling each, read back as written, and no room for anything but codes.

use ledger::entry::{Change, ENTRY_BYTES_MAX, Entry, EntryError, Manifest, Shown};
use ledger::{Hash, leaf_hash, sha256};
use proptest::prelude::*;

use crate::world::entry;

fn code(max: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("[A-Za-z0-9_.:-]{{1,{max}}}")).unwrap()
}

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn change() -> impl Strategy<Value = Change> {
    (code(64), code(200), any::<u32>(), hash()).prop_map(|(kind, key, version, digest)| Change {
        kind: kind.into(),
        key,
        version,
        digest,
    })
}

#[derive(Debug, Clone)]
enum Content {
    Nothing,
    Changes(Vec<Change>),
    Shown(Shown),
    Manifest(Manifest),
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        Just(Content::Nothing),
        prop::collection::vec(change(), 1..5).prop_map(Content::Changes),
        (any::<u64>(), hash()).prop_map(|(count, digest)| Content::Shown(Shown { count, digest })),
        (any::<u64>(), hash()).prop_map(|(count, digest)| Content::Manifest(Manifest { count, digest })),
    ]
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let time = (1970..=2100_u16, 1..=12_u8, 1..=28_u8, 0..24_u8, 0..60_u8, 0..60_u8, 0..1_000_000_u32);
    let at = time.prop_map(|(y, mo, d, h, mi, s, us)| format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{us:06}Z"));
    let codes = (code(200), code(64), code(64), code(200));
    let optional = (prop::option::of(code(64)), prop::option::of(hash()), prop::option::of(code(200)));
    (at, codes, optional, content()).prop_map(|(at, (actor, role, act, target), (request, body, client), content)| {
        let mut entry = Entry {
            at,
            actor,
            client,
            role: role.into(),
            act: act.into(),
            target,
            request,
            body,
            changes: Vec::new(),
            shown: None,
            manifest: None,
        };
        match content {
            Content::Nothing => {}
            Content::Changes(changes) => entry.changes = changes,
            Content::Shown(shown) => entry.shown = Some(shown),
            Content::Manifest(manifest) => entry.manifest = Some(manifest),
        }
        entry
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(entry in any_entry()) {
        let bytes = entry.encode().unwrap();
        prop_assert_eq!(Entry::decode(&bytes).unwrap(), entry);
    }

    #[test]
    fn any_json_tool_reads_it(entry in any_entry()) {
        let bytes = entry.encode().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(&json["v"], 1);
        prop_assert_eq!(&json["actor"], &entry.actor);
        prop_assert_eq!(json["changes"].as_array().map_or(0, Vec::len), entry.changes.len());
        prop_assert_eq!(json.get("request").is_some(), entry.request.is_some());
        prop_assert_eq!(json.get("client").and_then(|client| client.as_str()), entry.client.as_deref());
        if let Some(shown) = entry.shown {
            prop_assert_eq!(&json["shown"]["count"], shown.count);
        }
    }

    #[test]
    fn a_changed_byte_is_refused_or_is_another_entry(entry in any_entry(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = entry.encode().unwrap();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Ok(other) = Entry::decode(&bytes) {
            prop_assert_eq!(other.encode().unwrap(), bytes);
            prop_assert_ne!(other, entry);
        }
    }

    #[test]
    fn bytes_that_decode_are_the_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode().unwrap(), bytes);
        }
    }
}

#[test]
fn the_encoding_is_the_documented_line() {
    let digest = "0f".repeat(32);
    let expected = format!(
        "{{\"v\":1,\"at\":\"2026-11-21T23:05:55.123456Z\",\"actor\":\"person:7\",\"client\":\"client:8\",\"role\":\"coordinator\",\
         \"act\":\"form.save\",\"target\":\"form:9\",\"request\":\"r-1\",\"body\":\"{digest}\",\
         \"changes\":[{{\"kind\":\"item_group\",\"key\":\"k\",\"version\":3,\"digest\":\"{digest}\"}}]}}"
    );
    let digest: Hash = digest.parse().unwrap();
    let entry = Entry {
        at: "2026-11-21T23:05:55.123456Z".into(),
        actor: "person:7".into(),
        client: Some("client:8".into()),
        role: "coordinator".into(),
        act: "form.save".into(),
        target: "form:9".into(),
        request: Some("r-1".into()),
        body: Some(digest),
        changes: vec![Change { kind: "item_group".into(), key: "k".into(), version: 3, digest }],
        shown: None,
        manifest: None,
    };
    assert_eq!(String::from_utf8(entry.encode().unwrap()).unwrap(), expected);
    assert_eq!(entry.leaf_hash().unwrap(), leaf_hash(expected.as_bytes()));
}

#[test]
fn other_spellings_of_the_same_json_are_refused() {
    let bytes = entry(3).encode().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    for other in [
        text.replace("\"v\":1,", "\"v\":1, "),
        text.replace("\"v\":1,", "\"v\":2,"),
        text.replace("\"version\":4", "\"version\":04"),
        text.replace("\"version\":4", "\"version\":4294967296"),
        text.replace("\"role\":\"coordinator\",", ""),
        text.replace("coordinator", "c\\u006fordinator"),
        text.replace("coordinator", "Anna Nilsson"),
        text.replace("coordinator", ""),
        text.replace("T00:00", "T24:00"),
        text.replace("\"changes\":", "\"changed\":"),
        format!("{text}\n"),
        format!("{text}{text}"),
        text[..text.len() - 1].to_owned(),
        text.replace("}]}", "}],\"shown\":{\"count\":1,\"digest\":\"00\"}}"),
        text.replace("}]}", "},]}"),
    ] {
        assert_ne!(other, text, "the case must differ");
        assert!(Entry::decode(other.as_bytes()).is_err(), "accepted: {other}");
    }
}

#[test]
fn free_text_and_false_times_cannot_be_written() {
    let code = |field| Err(EntryError::Code { field, max: if matches!(field, "role" | "act") { 64 } else { 200 } });
    assert_eq!(Entry { client: Some("a lab".into()), ..entry(1) }.encode(), code("client"));
    assert_eq!(Entry { actor: "Anna Nilsson".into(), ..entry(1) }.encode(), code("actor"));
    assert_eq!(Entry { target: String::new(), ..entry(1) }.encode(), code("target"));
    assert_eq!(Entry { role: "r".repeat(65).into(), ..entry(1) }.encode(), code("role"));
    assert_eq!(Entry { act: "form\"save".into(), ..entry(1) }.encode(), code("act"));
    for at in [
        "2026-11-21T23:05:55Z",
        "2026-11-21 23:05:55.123456Z",
        "2026-11-21T23:05:55.123456+",
        "2026-02-29T23:05:55.123456Z",
        "2026-13-01T23:05:55.123456Z",
        "2026-11-21T24:05:55.123456Z",
        "2026-11-21T23:60:55.123456Z",
        "2026-11-21T23:05:60.123456Z",
        "2026-00-10T23:05:55.123456Z",
        "2026-11-00T23:05:55.123456Z",
        "",
    ] {
        assert_eq!(Entry { at: at.into(), ..entry(1) }.encode(), Err(EntryError::Time), "{at}");
    }
    for (year, leap) in [(2028, true), (2000, true), (1900, false), (2100, false), (2027, false)] {
        let day = Entry { at: format!("{year}-02-29T23:05:55.123456Z"), ..entry(1) };
        assert_eq!(day.encode().is_ok(), leap, "{year}");
    }
}

#[test]
fn an_entry_says_one_kind_of_thing_and_fits_a_bundle() {
    let shown = Some(Shown { count: 1, digest: sha256(b"") });
    assert_eq!(Entry { shown, ..entry(1) }.encode(), Err(EntryError::Mixed));
    let change = entry(1).changes[0].clone();
    let many = |count| Entry { changes: vec![change.clone(); count], ..entry(1) };
    let one_more = many(2).encode().unwrap().len() - many(1).encode().unwrap().len();
    let most = (ENTRY_BYTES_MAX - many(1).encode().unwrap().len()) / one_more + 1;
    let bytes = many(most).encode().unwrap();
    assert!(bytes.len() <= ENTRY_BYTES_MAX && Entry::decode(&bytes).is_ok());
    assert!(matches!(many(most + 1).encode(), Err(EntryError::TooLong(_))));
}

#[test]
fn a_manifest_is_read_only_as_the_entry_names_it() {
    let changes: Vec<Change> = (0..1000).map(|n| entry(n).changes[0].clone()).collect();
    let bytes = Manifest::encode(&changes).unwrap();
    let manifest = Manifest::of(&bytes);
    assert_eq!(manifest.count, 1000);
    assert_eq!(manifest.decode(&bytes), Ok(changes));
    let mut changed = bytes.clone();
    changed[50] ^= 1;
    assert!(manifest.decode(&changed).is_err());
    assert!(manifest.decode(&bytes[..bytes.len() - 1]).is_err());
    // Even where its own digest is given, each line must be a change.
    assert!(Manifest::of(b"{}\n").decode(b"{}\n").is_err());
    assert_eq!(Manifest::of(b"").decode(b""), Ok(Vec::new()));
}

//! Canonical JSON and the documents that are written in it.

use markerbed_core::{
    ContentId, NodeId,
    json::{Member, Value},
    tree::{EvidenceDocument, Gap, GapReason, Held, IgnoreFile, RulesDocument, base64},
};
use markerbed_suites::{Random, cases, print_count, seed};

#[test]
fn what_is_written_is_read_again_and_has_one_form() {
    let cases = cases(5_000);
    let mut random = Random::new(seed(), "what_is_written_is_read");
    for _ in 0..cases {
        let value = random_value(&mut random, 5);

        let json = value.write().unwrap();
        let read = Value::read(&json).unwrap();

        assert_eq!(read.write().unwrap(), json);
        assert_eq!(as_serde(&read), serde_json::from_slice::<serde_json::Value>(&json).unwrap());
        assert_eq!(as_serde(&read), as_serde(&value));
    }
    print_count("what_is_written_is_read", cases.into(), 5_000);
}

#[test]
fn what_is_accepted_is_what_would_be_written() {
    let cases = cases(100_000);
    let mut random = Random::new(seed(), "what_is_accepted");
    let mut accepted = 0;
    let mut json = Vec::new();
    for case in 0..cases {
        if case % 20 == 0 {
            json = random_value(&mut random, 4).write().unwrap();
        }
        let mut mutant = json.clone();
        let at = random.below(mutant.len() as u64) as usize;
        let byte = LIKELY[random.below(LIKELY.len() as u64) as usize];
        match random.below(3) {
            0 => mutant[at] = byte,
            1 => mutant.insert(at, byte),
            _ => {
                mutant.remove(at);
            }
        }
        if let Ok(value) = Value::read(&mutant) {
            accepted += 1;
            assert_eq!(value.write().unwrap(), mutant);
            assert!(serde_json::from_slice::<serde_json::Value>(&mutant).is_ok());
        }
    }
    println!("accepted {accepted}");
    assert!(accepted > 1_000);
    print_count("what_is_accepted", cases.into(), 100_000);
}

const LIKELY: &[u8] = b"\"\\{}[]:,0123456789-+.eEntfalsu/ \n\t\x00\x1f\x7f\x80\xc3\xa9\xed\xf0";

#[test]
fn nothing_but_integers_that_every_reader_keeps_is_written() {
    let most = Value::INTEGER_MAX;

    assert_eq!(Value::Integer(-most).write().unwrap(), b"-9007199254740991");
    assert_eq!(Value::Integer(most + 1).write().map_err(|error| error.code()), Err("bad-json"));
    assert_eq!(Value::Integer(i64::MIN).write().map_err(|error| error.code()), Err("bad-json"));
    let twice = Value::Object(vec![Member::new("a", true), Member::new("a", true)]);
    assert_eq!(twice.write().map_err(|error| error.code()), Err("bad-json"));
    let nest = |depth| (0..depth).fold(Value::Null, |value, _| Value::Array(vec![value]));
    assert!(nest(128).write().is_ok());
    assert_eq!(nest(129).write().map_err(|error| error.code()), Err("too-deep"));
}

#[test]
fn each_character_has_one_escape_or_none() {
    for code in 0..=0xff_u8 {
        let character = char::from(code);
        let written = Value::from(character.to_string().as_str()).write().unwrap();
        let escapes = [
            format!("\"\\u{code:04x}\""),
            format!("\"\\u{code:04X}\""),
            format!("\"\\{character}\""),
            format!("\"{character}\""),
        ];
        for escape in escapes {
            let is_read = Value::read(escape.as_bytes())
                .is_ok_and(|value| value.write().is_ok_and(|again| again == escape.as_bytes()));
            let accepts = Value::read(escape.as_bytes()).is_ok();

            assert_eq!(accepts, is_read, "{escape}");
            // `\b`, `\f`, `\n`, `\r`, `\t` stand for others than their own letters.
            if !matches!(character, 'b' | 'f' | 'n' | 'r' | 't') {
                assert_eq!(accepts, escape.as_bytes() == written, "{escape}");
            }
        }
    }
}

#[test]
fn documents_are_read_as_they_were_written() {
    let cases = cases(1_000);
    let mut random = Random::new(seed(), "documents_are_read");
    for _ in 0..cases {
        let paths = random_paths(&mut random);
        let later = Value::read(&random_value(&mut random, 2).write().unwrap()).unwrap();
        let others = vec![Member::new("later", later)];
        let held = |path: &Vec<u8>| match path.len() as u8 {
            odd if odd % 2 == 1 => Held::Sealed(NodeId::from_bytes([odd; 32])),
            even => Held::Content(ContentId::from_bytes([even; 32])),
        };
        let rules = RulesDocument {
            gitignore: random.below(2) == 0,
            ignore_files: paths
                .iter()
                .map(|path| IgnoreFile { path: path.clone(), held: held(path) })
                .collect(),
            exclude: vec!["*.o".to_owned(), random_text(&mut random)],
            seal: (0..random.below(3)).map(|_| random_text(&mut random)).collect(),
            one_file_system: random.below(2) == 0,
            always: vec![".git".to_owned()],
            portable: random.below(2) == 0,
            others: others.clone(),
        };
        let reason = |random: &mut Random| GapReason::ALL[random.below(9) as usize];
        let gap = |path: &Vec<u8>| Gap {
            path: path.clone(),
            reason: reason(&mut random),
            attempts: random.below(1 << 32) as u32,
        };
        let gaps = paths.iter().map(gap).collect();
        let message = (random.below(2) == 0).then(|| random_text(&mut random));
        let listing = (random.below(2) == 0).then(|| ContentId::from_bytes([7; 32]));
        let left_out = random.next();
        let evidence = EvidenceDocument { message, left_out, gaps, listing, others };

        assert_eq!(RulesDocument::read(&rules.write().unwrap()), Ok(rules));
        assert_eq!(EvidenceDocument::read(&evidence.write().unwrap()), Ok(evidence));
    }
    print_count("documents_are_read", cases.into(), 1_000);
}

#[test]
fn a_document_of_another_schema_or_shape_is_refused() {
    let rules = RulesDocument::default().write().unwrap();
    let text = String::from_utf8(rules.clone()).unwrap();
    let read = |text: &str| RulesDocument::read(text.as_bytes()).map_err(|error| error.code());

    assert_eq!(EvidenceDocument::read(&rules).map_err(|e| e.code()), Err("unsupported-format"));
    assert_eq!(read(&text.replace("directory/1", "directory/2")), Err("unsupported-format"));
    assert_eq!(read(&text.replace("false", "0")), Err("bad-json"));
    assert_eq!(read(&text.replace("\"always\"", "\"alway_\"")), Err("bad-json"));
    let portable = RulesDocument { portable: true, ..RulesDocument::default() }.write().unwrap();
    let portable = String::from_utf8(portable).unwrap();
    assert!(!text.contains("portable") && portable.contains("\"portable\":true"));
    assert_eq!(read(&portable.replace("\"portable\":true", "\"portable\":false")), Err("bad-json"));
    let schema = r#""schema":"markerbed.dev/rules/directory/1""#;
    let seal = |array: &str| text.replace(schema, &format!("{schema},\"seal\":{array}"));
    assert!(read(&seal("[\"a\"]")).is_ok());
    assert_eq!(read(&seal("[]")), Err("bad-json"), "no pattern is no member");
    assert_eq!(read(&seal("[1]")), Err("bad-json"));
    let file = |members: &str| {
        text.replace("\"ignore_files\":[", &format!("\"ignore_files\":[{{{members}}}"))
    };
    let id = "0".repeat(64);
    let (content, sealed) = (format!(r#""content":"{id}","#), format!(r#","sealed":"{id}""#));
    let path = r#""path":"a""#;
    assert!(read(&file(&format!("{content}{path}"))).is_ok());
    assert!(read(&file(&format!("{path}{sealed}"))).is_ok());
    assert_eq!(read(&file(&format!("{content}{path}{sealed}"))), Err("bad-json"), "both");
    assert_eq!(read(&file(path)), Err("bad-json"), "neither");
    let in_base64 = r#"{"gaps":[{"attempts":1,"path_b64":"YQ==","reason":"name"}],"left_out":0,"#;
    let schema = r#""schema":"markerbed.dev/evidence/directory/1"}"#;
    let refused = EvidenceDocument::read([in_base64, schema].concat().as_bytes());
    assert_eq!(refused.map_err(|error| error.code()), Err("bad-json"), "UTF-8 is no base64");
}

#[test]
fn base64_is_that_of_rfc_4648_and_has_one_form() {
    let known = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
    for (length, text) in known.into_iter().enumerate() {
        assert_eq!(base64::encode(&b"foobar"[..length]), text);
    }
    for bad in ["Zg=", "Zg", "Zh==", "Z===", "====", "Zm8=Zm8=", "Zm9 ", "Zm9-", "=m9v"] {
        assert_eq!(base64::decode(bad), None, "{bad}");
    }
    let cases = cases(2_000);
    let mut random = Random::new(seed(), "base64_is_that_of_rfc_4648");
    for _ in 0..cases {
        let length = random.below(70) as usize;
        let bytes = random.bytes(length);

        assert_eq!(base64::decode(&base64::encode(&bytes)), Some(bytes));
    }
    print_count("base64_is_that_of_rfc_4648", cases.into(), 2_000);
}

/// Distinct, in order; some are not UTF-8.
fn random_paths(random: &mut Random) -> Vec<Vec<u8>> {
    let mut paths: Vec<Vec<u8>> = (0..random.below(5))
        .map(|_| {
            let length = random.below(6) as usize;
            random.bytes(length)
        })
        .collect();
    paths.push(b"../.gitignore".to_vec());
    paths.sort();
    paths.dedup();
    paths
}

fn random_text(random: &mut Random) -> String {
    let characters =
        ['a', '"', '\\', '\u{8}', '\u{1f}', '\n', 'é', '\u{e000}', '😀', '/', '\u{7f}'];
    (0..random.below(6))
        .map(|_| characters[random.below(characters.len() as u64) as usize])
        .collect()
}

fn random_value(random: &mut Random, depth: u32) -> Value {
    let kinds = if depth == 0 { 4 } else { 6 };
    match random.below(kinds) {
        0 => Value::Null,
        1 => Value::Bool(random.below(2) == 0),
        2 => {
            let bits = random.below(54);
            let number = i64::try_from(random.below(1 << bits)).unwrap();
            Value::Integer(if random.below(2) == 0 { -number } else { number })
        }
        3 => Value::Text(random_text(random)),
        4 => Value::Array((0..random.below(5)).map(|_| random_value(random, depth - 1)).collect()),
        _ => {
            let mut members: Vec<Member> = Vec::new();
            for _ in 0..random.below(6) {
                let name = random_text(random);
                if members.iter().all(|member| member.name != name) {
                    members.push(Member::new(&name, random_value(random, depth - 1)));
                }
            }
            Value::Object(members)
        }
    }
}

fn as_serde(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(integer) => (*integer).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Array(values) => values.iter().map(as_serde).collect(),
        Value::Object(members) => members
            .iter()
            .map(|member| (member.name.clone(), as_serde(&member.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

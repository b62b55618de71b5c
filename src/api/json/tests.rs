use super::*;

fn written(input: &str) -> String {
    let document = Document::parse(input.as_bytes()).unwrap();
    let mut out = Vec::new();
    document.write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn documents_are_written_in_one_form() {
    for (input, output) in [
        ("null", "null"),
        (" { } ", "{}"),
        ("[ ]", "[]"),
        ("\r\n\t[1 , -0, 1.50, 1E+2 ]\n", "[1,-0,1.50,1E+2]"),
        (r#"{"b":true,"a":false}"#, r#"{"b":true,"a":false}"#),
        (
            r#""\u0041\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\""#,
            "\"A\u{e9}\u{1f600}/\\u0008\\u000c\\n\\r\\t\\\"\\\\\"",
        ),
        ("\"\u{7f}\u{2028}\"", "\"\u{7f}\u{2028}\""),
        (r#"{"a":[{"b":[[]]}]}"#, r#"{"a":[{"b":[[]]}]}"#),
        (r#"{"a":1,"A":2}"#, r#"{"a":1,"A":2}"#),
    ] {
        assert_eq!(written(input), output, "{input}");
    }
}

#[test]
fn what_has_two_readings_is_refused_with_its_place() {
    for (input, code, place) in [
        ("", "json_ends", "line 1, column 1"),
        ("{", "json_ends", "line 1, column 2"),
        ("\u{FEFF}{}", "json_byte_order_mark", "line 1, column 1"),
        ("{}{}", "json_data_behind_document", "column 3"),
        ("{}]", "json_data_behind_document", "column 3"),
        ("{} x", "json_data_behind_document", "column 4"),
        ("{}\n\0", "json_data_behind_document", "line 2, column 1"),
        (r#"{"a":1,"a":2}"#, "json_duplicate_name", "column 8"),
        (r#"{"a":1,"\u0061":2}"#, "json_duplicate_name", "column 8"),
        (
            r#"{"x":[{"y":{"a":1,"a":2}}]}"#,
            "json_duplicate_name",
            "in `x[0].y`",
        ),
        (
            "{\n  \"x\": [\n    nul\n  ]\n}",
            "json_syntax",
            "line 3, column 5 (byte 15), in `x[0]`",
        ),
        (r"{'a':1}", "json_syntax", "column 2"),
        (r"{a:1}", "json_syntax", "column 2"),
        (r#"{"a" 1}"#, "json_syntax", "column 6"),
        (r#"{"a":1,}"#, "json_syntax", "column 8"),
        ("[1,]", "json_syntax", "column 4"),
        ("[1 2]", "json_syntax", "column 4"),
        ("// c\n{}", "json_syntax", "column 1"),
        ("True", "json_syntax", "column 1"),
        ("truex", "json_data_behind_document", "column 5"),
        ("01", "json_number", "column 2"),
        ("+1", "json_syntax", "column 1"),
        ("-", "json_number", "column 2"),
        ("1.", "json_number", "column 3"),
        (".5", "json_syntax", "column 1"),
        ("1e", "json_number", "column 3"),
        ("0x10", "json_number", "column 2"),
        ("NaN", "json_syntax", "column 1"),
        ("\"a\nb\"", "json_control_character", "column 3"),
        ("\"a\0b\"", "json_control_character", "column 3"),
        (r#""\u0000""#, "json_nul", "column 2"),
        (r#""\ud800""#, "json_lone_surrogate", "column 2"),
        (r#""\udc00""#, "json_lone_surrogate", "column 2"),
        (r#""\ud800\ud800""#, "json_lone_surrogate", "column 2"),
        (r#""\ud800x""#, "json_lone_surrogate", "column 2"),
        (r#""\ud83d\n""#, "json_lone_surrogate", "column 2"),
        (r#""\x41""#, "json_escape", "column 3"),
        (r#""\u00g0""#, "json_escape", "column 2"),
        (r#""\u+041""#, "json_escape", "column 2"),
        (r#""\u00"#, "json_escape", "column 2"),
        ("\"abc", "json_ends", "column 5"),
    ] {
        let error = Document::parse(input.as_bytes()).unwrap_err();
        assert_eq!(error.reason.code(), code, "{input}: {error}");
        assert!(error.to_string().contains(place), "{input}: {error}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    for (input, offset) in [
        (&b"{\"a\":\"\xff\"}"[..], 6),
        (b"\"\xc0\xaf\"", 1),
        (b"\"\xed\xa0\x80\"", 1),
        (b"\xff\xfe{\0}\0", 0),
    ] {
        let error = Document::parse(input).unwrap_err();
        assert_eq!(
            (error.reason, error.offset),
            (BadJsonReason::NotUtf8, offset)
        );
    }
}

#[test]
fn depth_has_a_limit() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Document::parse(nested(Document::MAX_DEPTH).as_bytes()).is_ok());
    for depth in [Document::MAX_DEPTH + 1, 10_000, 1_000_000] {
        let error = Document::parse(nested(depth).as_bytes()).unwrap_err();
        assert_eq!(error.reason, BadJsonReason::TooDeep);
        assert_eq!(error.offset, Document::MAX_DEPTH);
    }
}

#[test]
fn a_body_has_so_many_values_and_no_more() {
    let most = Document::MAX_VALUES;
    let array = |count: usize| format!("[{}]", vec!["0"; count].join(","));
    let labels = |count: usize| {
        let labels: Vec<String> = (0..count).map(|n| format!("\"n{n}\":\"\"")).collect();
        format!("{{\"Labels\":{{{}}}}}", labels.join(","))
    };
    assert!(Document::parse_body(array(most - 1).as_bytes()).is_ok());
    assert!(Document::parse_body(labels(most - 2).as_bytes()).is_ok());
    for (body, place) in [
        (array(most), "in `[49999]`"),
        (labels(100_000), "in `Labels.n49998`"),
    ] {
        let error = Document::parse_body(body.as_bytes()).unwrap_err();
        assert_eq!(error.reason.code(), "json_too_many_values");
        assert!(error.to_string().contains(place), "{error}");
        assert!(Document::parse(body.as_bytes()).is_ok());
    }
}

#[test]
fn many_names_are_compared_in_reasonable_time() {
    let object = |last: &str| {
        let names: Vec<String> = (0..100_000)
            .map(|number| format!("\"n{number}\":0"))
            .collect();
        format!("{{{},\"{last}\":0}}", names.join(","))
    };
    assert!(Document::parse(object("last").as_bytes()).is_ok());
    let error = Document::parse(object("n77").as_bytes()).unwrap_err();
    assert_eq!(error.reason, BadJsonReason::DuplicateName("n77".into()));
}

#[test]
fn names_fold_as_the_engine_folds_them() {
    for (sent, name, same) in [
        ("HostConfig", "HostConfig", true),
        ("hostconfig", "HostConfig", true),
        ("Ho\u{17F}tConfig", "HostConfig", true),
        ("Networ\u{212A}Mode", "NetworkMode", true),
        ("HostConfi\u{131}", "HostConfigi", false),
        ("Host_Config", "HostConfig", false),
        ("HostConfig ", "HostConfig", false),
        ("", "HostConfig", false),
    ] {
        assert_eq!(folds_to(sent, name), same, "{sent}");
    }
}

#[test]
fn fields_are_found_and_set_regardless_of_case_and_entries_are_not() {
    let mut document = Document::parse(br#"{"hostconfig":{"Labels":{"a":"1"}}}"#).unwrap();
    let host = document.root_mut().field_mut("HostConfig").unwrap();
    host.set_field("Privileged", Value::Bool(false));
    host.field_mut("labels")
        .unwrap()
        .set_entry("A", Value::text("2"));
    host.set_field("PidsLimit", Value::int(-1));
    let mut out = Vec::new();
    document.root_mut().set_field("HostConfig", Value::Null);
    document.write(&mut out);
    assert_eq!(out, br#"{"HostConfig":null}"#);

    let mut map = Value::Null;
    map.set_entry("a", Value::text("1"));
    map.set_entry("A", Value::text("2"));
    map.set_entry("a", Value::text("3"));
    let mut out = Vec::new();
    Document::new(map).write(&mut out);
    assert_eq!(out, br#"{"a":"3","A":"2"}"#);
}

/// Strings are read eight bytes at a time: whatever ends one is found wherever it stands.
#[test]
fn strings_end_where_they_end() {
    for length in 0..40 {
        for filler in ["a", "\u{e9}", "\u{1f600}", "!", "\u{7f}", "#", "]"] {
            let text = filler.repeat(length);
            for (behind, expected) in [
                ("\"", Some("")),
                ("\\n\"", Some("\n")),
                ("\\\"\"", Some("\"")),
            ] {
                let input = format!("[\"{text}{behind},0]");
                let document = Document::parse(input.as_bytes()).unwrap();
                let found = document
                    .root()
                    .as_array()
                    .and_then(|items| items.first()?.as_str());
                assert_eq!(
                    found,
                    expected.map(|end| text.clone() + end).as_deref(),
                    "{input}"
                );
            }
            for behind in ["\u{1f}\"", "\0\"", "\n\""] {
                let input = format!("\"{text}{behind}");
                let error = Document::parse(input.as_bytes()).unwrap_err();
                assert_eq!(error.reason, BadJsonReason::ControlCharacter, "{input}");
                assert_eq!(error.offset, text.len() + 1);
            }
            let error = Document::parse(format!("\"{text}").as_bytes()).unwrap_err();
            assert_eq!(error.reason, BadJsonReason::Ends);
        }
    }
}

/// Which names may be twins is told by a few bits of them: no twin is overlooked for that.
#[test]
fn twins_are_found_among_any_number_of_names() {
    for count in [2, 3, 16, 60, 255, 256, 257, 1000] {
        for twin in [0, (count - 1) / 2, count - 2] {
            let name = |number: usize| format!("\"{}{number}\":0", "n".repeat(number % 11));
            let mut members: Vec<String> = (0..count).map(name).collect();
            let whole = |members: &[String]| format!("{{{}}}", members.join(","));
            assert!(
                Document::parse(whole(&members).as_bytes()).is_ok(),
                "{count} names"
            );
            members[count - 1] = name(twin);
            let error = Document::parse(whole(&members).as_bytes()).unwrap_err();
            assert_eq!(
                error.reason.code(),
                "json_duplicate_name",
                "{count} names, {twin}"
            );
        }
    }
}

use super::*;

fn messages(text: &str) -> Vec<String> {
    match Source::new("p.yaml", text).parse() {
        Ok(node) => vec![format!("accepted: {node:?}")],
        Err(diagnostics) => diagnostics
            .iter()
            .map(|d| format!("{}:{}: {}", d.line, d.column, d.message))
            .collect(),
    }
}

fn scalar(node: &Node) -> (&str, bool) {
    match &node.data {
        Data::Scalar { text, plain } => (text, *plain),
        Data::List(_) | Data::Map(_) => panic!("{node:?}"),
    }
}

fn map(node: &Node) -> &[Entry] {
    match &node.data {
        Data::Map(entries) => entries,
        Data::Scalar { .. } | Data::List(_) => panic!("{node:?}"),
    }
}

#[test]
fn a_tree_knows_where_its_nodes_stand() {
    let text = "version: 1\nallow:\n  - read\n  - \"\u{e4}\": yes # why\n";
    let root = Source::new("p.yaml", text).parse().unwrap();
    let entries = map(&root);
    assert_eq!(entries[0].key, "version");
    assert_eq!(scalar(&entries[0].value), ("1", true));
    let Data::List(items) = &entries[1].value.data else {
        panic!()
    };
    assert_eq!((items[0].span.line, items[0].span.column), (3, 5));
    assert_eq!(
        text.get(items[0].span.start..items[0].span.end),
        Some("read")
    );
    let entry = &map(&items[1])[0];
    assert_eq!(entry.key, "\u{e4}");
    assert_eq!((entry.span.line, entry.span.column), (4, 5));
    assert_eq!(
        text.get(entry.span.start..entry.span.end),
        Some("\"\u{e4}\"")
    );
    assert_eq!(scalar(&entry.value), ("yes", true));
    assert_eq!(
        text.get(entry.value.span.start..entry.value.span.end),
        Some("yes")
    );
}

/// What other parsers accept, expand, cut short or read in two ways.
#[test]
fn hostile_files_are_refused() {
    let deep = format!("a: {}{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep_block = (0..40).fold(String::new(), |text, n| text + &" ".repeat(n) + "a:\n");
    let wide = format!("a: [{}]", "1, ".repeat(30_000));
    let long = "# comment\n".repeat(120_000);
    let bomb = "a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\n";
    let table: &[(&str, &str)] = &[
        (
            "allow: [read]\nallow: [exec]\n",
            "2:1: the key `allow` stands here a second time (the first: line 1)",
        ),
        (
            "a: {b: 1, \"b\": 2}\n",
            "1:11: the key `b` stands here a second time",
        ),
        (
            "a: {b: 1, 'b': 2}\n",
            "the key `b` stands here a second time",
        ),
        (
            "deny: [a]\n\"\\x64eny\": []\n",
            "the key `deny` stands here a second time",
        ),
        ("a: &x 1\n", "anchors"),
        ("a: &x 1\nb: *x\n", "aliases"),
        (bomb, "anchors"),
        ("&k a: 1\n", "anchors"),
        ("a: *nowhere\n", "not valid YAML"),
        ("base: &b {x: 1}\na:\n  <<: *b\n", "merge keys"),
        ("a:\n  <<: {x: 1}\n", "merge keys"),
        ("a: !foo 1\n", "tags"),
        ("a: !!str 1\n", "tags"),
        ("a: !!binary aGk=\n", "tags"),
        ("a: !!set {x}\n", "tags"),
        ("!!map {a: 1}\n", "tags"),
        ("a: ! x\n", "tags"),
        ("a: 1\n---\nb: 2\n", "a second document"),
        ("a: 1\n...\n---\nb: 2\n", "a second document"),
        ("a: \"x\\0y\"\n", "the character U+0000"),
        ("a: x\0y\n", "the character U+0000"),
        ("a: \u{202e}x\n", "the character U+202E"),
        ("a: \"\\u202e\"\n", "the character U+202E"),
        ("a: x\u{200b}\n", "the character U+200B"),
        ("\u{feff}a: 1\n", "the character U+FEFF"),
        ("a: 1\rb: 2\n", "the character U+000D"),
        ("a: \u{85}b: 2\n", "the character U+0085"),
        ("a: \u{1b}[31m\n", "the character U+001B"),
        ("? [a, b]\n: 1\n", "a key must be text, and this is a list"),
        ("{a: 1}: 2\n", "a key must be text, and this is a mapping"),
        (": 1\n", "a key is missing"),
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("a: [1, 2\n", "not valid YAML"),
        ("a: 'x\n", "not valid YAML"),
        ("a: 1\n\tb: 2\n", "not valid YAML"),
        ("a: b: c\n", "not valid YAML"),
        (
            "a: [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]\n",
            "nest deeper than 16",
        ),
        (&deep, "not valid YAML"),
        (&deep_block, "nest deeper than 16"),
        (&wide, "more than 20000 values"),
        (&long, "longer than 1048576 bytes"),
    ];
    for (text, expected) in table {
        let start: String = text.chars().take(60).collect();
        let messages = messages(text);
        assert!(
            messages.iter().any(|m| m.contains(expected)),
            "{start:?}: {expected:?} not in {messages:#?}"
        );
    }
}

#[test]
fn the_mistakes_of_a_file_are_told_together() {
    let text = "a: &x 1\nb: !t 2\nb: 3\n? [k]\n: 4\n";
    assert_eq!(
        messages(text),
        [
            "1:4: anchors (`&name`) are not allowed: write the value out, or quote the text",
            "2:4: tags (`!name`) are not allowed: write the value alone, or quote the text",
            "3:1: the key `b` stands here a second time (the first: line 2)",
            "4:3: a key must be text, and this is a list",
        ]
    );
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let diagnostics = decode("p.yaml", b"version: 1\nallow: [\xff]\n").unwrap_err();
    let place: Vec<_> = diagnostics.iter().map(|d| (d.line, d.column)).collect();
    assert_eq!(place, [(2, 9)]);
}

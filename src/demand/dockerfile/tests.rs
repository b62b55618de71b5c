use super::*;

fn found(text: &str, arguments: &[(&str, &str)]) -> Result<Vec<(String, bool)>, Doubt> {
    let arguments = arguments
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned())))
        .collect();
    let found = Reading::of(text.as_bytes(), &arguments)?.bases;
    let mut needed: Vec<(String, bool)> = Vec::new();
    for base in found {
        match needed.iter_mut().find(|(term, _)| *term == base.term) {
            Some((_, already)) => *already |= base.needed,
            None => needed.push((base.term, base.needed)),
        }
    }
    Ok(needed)
}

fn terms(text: &str, arguments: &[(&str, &str)]) -> Vec<String> {
    found(text, arguments)
        .unwrap()
        .into_iter()
        .filter(|(_, needed)| *needed)
        .map(|(term, _)| term)
        .collect()
}

#[test]
fn what_a_dockerfile_takes_from() {
    for (text, expected) in [
        ("FROM alpine\nRUN a", vec!["alpine"]),
        (
            "from  --platform=linux/amd64\talpine:3 AS b\nCOPY --from=b / /",
            vec!["alpine:3"],
        ),
        (
            "# a comment\n\nFROM a AS x\nFROM x\nCOPY --from=0 / /\nCOPY --from=nginx:1 / /",
            vec!["a", "nginx:1"],
        ),
        ("FR\\\nOM al\\\n# between\n\npine\n", vec!["alpine"]),
        (
            "# escape=`\nFROM `\nalpine\nRUN dir c:\\\nFROM b",
            vec!["alpine", "b"],
        ),
        ("FROM scratch\nCOPY --chown=1 --from=img a b", vec!["img"]),
        ("FROM a\r\nRUN x\r\nFROM b\r\n", vec!["a", "b"]),
        ("\u{feff}FROM a", vec!["a"]),
        ("FROM a\nCOPY --from=7 / /", vec!["7", "a"]),
        ("FROM a\nADD --from=c / /", vec!["a", "c"]),
    ] {
        assert_eq!(terms(text, &[]), expected, "{text}");
    }
}

#[test]
fn arguments_are_put_in() {
    let text = "ARG B=alpine\nARG T=\"3\"\nFROM ${B}:$T\nFROM $B\nFROM ${U:-deb}";
    assert_eq!(terms(text, &[]), ["alpine", "alpine:3", "deb"]);
    assert_eq!(
        terms(text, &[("B", "other/private"), ("U", "unused")]),
        ["deb", "other/private", "other/private:3"]
    );
    let chained = "ARG V=1\nARG B=a:${V}\nFROM $B";
    assert_eq!(terms(chained, &[("V", "2")]), ["a:2"]);
}

#[test]
fn a_build_demands_the_images_of_others() {
    let build = "/v1.41/build?buildargs=%7B%22V%22:%223.20%22%7D";
    let call = Call::from_parts("POST", build, None).unwrap();
    for (text, expected) in [
        ("FROM alpine", vec!["docker.io/library/alpine:latest"]),
        (
            "ARG V=1\nFROM alpine:$V AS a\nFROM a\nCOPY --from=0 / /\nCOPY --from=a / /",
            vec!["docker.io/library/alpine:3.20"],
        ),
        ("FROM scratch\nCOPY x /x", vec![]),
        (
            "# syntax=docker/dockerfile:1\nFROM scratch",
            vec!["docker.io/docker/dockerfile:1"],
        ),
        ("FROM scratch\n# syntax=later", vec![]),
        (
            "FROM scratch\nRUN --mount=type=cache,target=/c --mount=type=bind,from=reg.example/x:1,target=/y true",
            vec!["reg.example/x:1"],
        ),
        (
            "FROM scratch AS s\nRUN --mount=from=s true\nRUN --MOUNT=FROM=z true",
            vec!["docker.io/library/z:latest"],
        ),
        (
            "FROM scratch\nONBUILD COPY --from=later / /",
            vec!["docker.io/library/later:latest"],
        ),
        (
            "FROM scratch\n# COPY --from=old / /\n#FROM old\nRUN run --from=x && \\\n  from os import path \\\n  echo --from=y",
            vec![],
        ),
        ("FROM deadbeef", vec!["deadbeef"]),
        ("FROM scratch\nRUN cat <<EOF", vec![UNSEEN]),
        ("FROM scratch\nRUN --mount=from=\"x\" true", vec![UNSEEN]),
        ("FROM $NOTHING", vec![UNSEEN]),
    ] {
        let demands = demands(&call, text.as_bytes());
        let found: Vec<&str> = demands
            .iter()
            .map(|demand| match &demand.value {
                Asked::Text(text) => &**text,
                Asked::Flag | Asked::Number(_) | Asked::Unlimited => "no text",
            })
            .collect();
        assert_eq!(found, expected, "{text}");
        assert!(
            demands
                .iter()
                .all(|demand| demand.safe && demand.kind == Kind::BaseImage)
        );
    }
    let odd = Call::from_parts("POST", "/v1.41/build?buildargs=%5B%5D", None).unwrap();
    let demands = demands(&odd, b"FROM a");
    assert_eq!(demands, [unseen(&"it is no map")]);
}

#[test]
fn what_is_not_certain_is_refused() {
    for text in [
        "FROM \"a\"",
        "FROM a\\b",
        "FROM $UNKNOWN",
        "FROM ${B%x}",
        "ARG B\nFROM ${B:+a}",
        "FROM a b c d",
        "FROM a\nCOPY --fr\"om\"=b / /",
        "FROM a\nCOPY --FROM=b / /",
        "FROM a\nCOPY --from=$X / /",
        "FROM a\nRUN cat <<EOF\nFROM b AS c\nEOF",
        "FROM a\nRUN x \\\\\nFROM b",
        "# escape=x\nFROM a",
    ] {
        assert!(found(text, &[]).is_err(), "{text}");
    }
    assert!(Reading::of(b"FROM \xff", &Texts::new()).is_err());
}

#[test]
fn what_only_looks_like_a_base_may_be_missing_and_not_foreign() {
    let found = found("FROM a\nRUN x \\\n  FROM b \\\n  --from=c", &[]).unwrap();
    assert!(found.contains(&("b".to_owned(), false)));
    assert!(found.contains(&("c".to_owned(), false)));
}

#[test]
fn images_get_other_names_and_stages_do_not() {
    let call = Call::from_parts("POST", "/build", None).unwrap();
    let names = BTreeMap::from([
        ("app".to_owned(), "sha256:12".to_owned()),
        ("b:1".to_owned(), "x/b:2".to_owned()),
    ]);
    for (text, expected) in [
        ("FROM app\nRUN app", "FROM sha256:12\nRUN app"),
        ("FROM alpine\n", "FROM alpine\n"),
        (
            "# app\nfrom --platform=linux/amd64\tapp  AS app\r\nFROM app\nCOPY --from=app app /app\n",
            "# app\nfrom --platform=linux/amd64\tsha256:12  AS app\r\nFROM app\nCOPY --from=app app /app\n",
        ),
        (
            "ARG I=app\nARG T=1\nFROM ${I} AS x\nFROM b:$T\nCOPY --chown=1 --from=app a b",
            "ARG I=app\nARG T=1\nFROM sha256:12 AS x\nFROM x/b:2\nCOPY --chown=1 --from=sha256:12 a b",
        ),
        (
            "FR\\\nOM a\\\n# between\n\npp\nRUN true",
            "FR\\\nOM sha256:12\nRUN true",
        ),
        ("\u{feff}FROM app\n", "\u{feff}FROM sha256:12\n"),
        (
            "# escape=`\nFROM `\napp `\nAS x\nADD --from=b:1 / /",
            "# escape=`\nFROM `\nsha256:12 `\nAS x\nADD --from=x/b:2 / /",
        ),
        (
            "FROM alpine\nCOPY \\\n  --fr\\\nom=a\\\npp / /",
            "FROM alpine\nCOPY \\\n  --fr\\\nom=sha256:12 / /",
        ),
    ] {
        let out = renamed(&call, text.as_bytes(), &names).unwrap().text;
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{text}");
    }
    let text =
        b"ARG I=app\nFROM ${I} AS x\nFROM alpine\nCOPY --from=a\\\npp / /\nADD --from=b:1 / /";
    let written: Vec<String> = renamed(&call, text, &names)
        .unwrap()
        .written
        .into_iter()
        .map(|(name, written)| format!("{name} {written}"))
        .collect();
    assert_eq!(written, ["sha256:12 ${I}", "sha256:12 app", "x/b:2 b:1"]);
    let itself = BTreeMap::from([("app".to_owned(), "a b c".to_owned())]);
    assert!(renamed(&call, b"FROM app", &itself).is_err());
}

//! The tables compared with Go's `encoding/json` on generated documents: what Go decodes into something that
//! reaches the host was a demand here or refused, and the canonical form decodes to the same value.

use doodgate::api::Call;
use doodgate::api::json::Document;
use doodgate::demand;

use crate::golang::Program;

/// How many documents are tried, twice over for those that are accepted.
const DOCUMENTS: usize = 10_000;

#[test]
fn nothing_that_go_decodes_goes_unseen() {
    let Some(program) = Program::build("demand/gojson") else {
        return;
    };
    let mut random = Random(7);
    let documents: Vec<Vec<u8>> = (0..DOCUMENTS).map(|_| generate(&mut random)).collect();
    let canonical: Vec<Option<(Vec<String>, Vec<u8>)>> =
        documents.iter().map(|body| accepted(body)).collect();
    let rewritten: Vec<Vec<u8>> = canonical
        .iter()
        .map(|seen| seen.clone().map(|(_, bytes)| bytes).unwrap_or_default())
        .collect();
    // What the newest and the oldest engine make of each document: kinds and value, twice.
    let answers = program.answers(&[], "", &documents);
    let again = program.answers(&[], "", &rewritten);
    let mut tried = 0;
    let mut refused = 0;
    let mut dangers = 0;
    for (((body, seen), answer), second) in
        documents.iter().zip(&canonical).zip(&answers).zip(&again)
    {
        let text = body.escape_ascii();
        let Some((kinds, bytes)) = seen else {
            refused += 1;
            continue;
        };
        tried += 1;
        // What an engine ignores behind the first document, the gate refuses: so both have read all of it.
        assert_eq!(
            answer,
            second,
            "the canonical form reads differently: {text}\n{}",
            bytes.escape_ascii()
        );
        let columns: Vec<&str> = answer.split('\t').collect();
        for needed in columns
            .iter()
            .step_by(2)
            .flat_map(|column| column.split_whitespace())
        {
            dangers += 1;
            let seen = needed
                .split('|')
                .any(|kind| kinds.iter().any(|found| found == kind));
            assert!(
                seen || needed == "refused",
                "Go reads `{needed}` and the gate does not: {text}\n{kinds:?}"
            );
        }
    }
    println!("{tried} documents accepted, {refused} refused, {dangers} dangers seen by both");
    assert!(tried > DOCUMENTS / 10 && refused > DOCUMENTS / 10 && dangers > DOCUMENTS / 10);
}

/// The kinds of the demands that are not safe, and the canonical form.
fn accepted(body: &[u8]) -> Option<(Vec<String>, Vec<u8>)> {
    let call = Call::from_parts("POST", "/v1.41/containers/create", None).expect("a good target");
    let mut document = Document::parse(body).ok()?;
    demand::canonicalise(&call, &mut document);
    let demands = demand::of(&call, Some(&document)).ok()?;
    let kinds = demands
        .iter()
        .filter(|demand| !demand.safe)
        .map(|demand| demand.kind.name().to_owned())
        .collect();
    let mut bytes = Vec::new();
    document.write(&mut bytes);
    Some((kinds, bytes))
}

/// Names and values that mean something to engines.
const MEMBERS: [&str; 40] = [
    r#""Privileged":true"#,
    r#""Privileged":false"#,
    r#""Binds":["/:/h"]"#,
    r#""Binds":["v:/h","/etc:/x:ro"]"#,
    r#""Binds":null"#,
    r#""Binds":[]"#,
    r#""Mounts":[{"Type":"bind","Source":"/","Target":"/a"}]"#,
    r#""Mounts":[{"Target":"/x"},{"Type":"volume","VolumeOptions":{"DriverConfig":{"Options":{"o":"bind","device":"/"}}}}]"#,
    r#""Mounts":[{"Type":"tmpfs","VolumeOptions":{"DriverConfig":{"Name":"x"}}}]"#,
    r#""NetworkMode":"host""#,
    r#""NetworkMode":"none""#,
    r#""PidMode":"host""#,
    r#""IpcMode":"container:x""#,
    r#""UTSMode":"host""#,
    r#""UsernsMode":"host""#,
    r#""CgroupnsMode":"host""#,
    r#""Cgroup":"container:x""#,
    r#""CgroupParent":"/""#,
    r#""VolumesFrom":["x"]"#,
    r#""VolumeDriver":"x""#,
    r#""CapAdd":["SYS_ADMIN"]"#,
    r#""CapAdd":"all""#,
    r#""Devices":[{"PathOnHost":"/dev/sda"}]"#,
    r#""DeviceRequests":[{"Count":-1}]"#,
    r#""DeviceCgroupRules":["a *:* rwm"]"#,
    r#""SecurityOpt":["seccomp:unconfined"]"#,
    r#""MaskedPaths":[]"#,
    r#""Runtime":"x""#,
    r#""Sysctls":{"a":"b"}"#,
    r#""OomScoreAdj":-5"#,
    r#""OomKillDisable":true"#,
    r#""PublishAllPorts":true"#,
    r#""PortBindings":{"80/tcp":[{"HostPort":"80"}]}"#,
    r#""GroupAdd":["0"]"#,
    r#""ExtraHosts":["h:host-gateway"]"#,
    r#""StorageOpt":{"size":"1G"}"#,
    r#""Annotations":{"a":"b"}"#,
    r#""LogConfig":{"Type":"syslog"}"#,
    r#""RestartPolicy":{"Name":"always"}"#,
    r#""PidsLimit":5"#,
];

const TOP: [&str; 7] = [
    r#""Image":"alpine""#,
    r#""Labels":{"a":"b","A":"c"}"#,
    r#""Cmd":"x""#,
    r#""Env":["A=b"]"#,
    r#""NetworkingConfig":{"EndpointsConfig":{"host":{}}}"#,
    r#""NetworkingConfig":{"EndpointsConfig":{"n":{"NetworkID":"host","DriverOpts":{"a":"b"}}}}"#,
    r#""HostConfig":null"#,
];

/// A document of a few members, with a few small things done to its bytes.
fn generate(random: &mut Random) -> Vec<u8> {
    let mut host = Vec::new();
    for _ in 0..random.below(4) {
        host.push(random.pick(&MEMBERS).to_owned());
    }
    let mut top = vec![format!(r#""HostConfig":{{{}}}"#, host.join(","))];
    for _ in 0..random.below(3) {
        let member = if random.below(4) == 0 {
            random.pick(&MEMBERS)
        } else {
            random.pick(&TOP)
        };
        top.insert(random.below(top.len() + 1), member.to_owned());
    }
    let mut text = format!("{{{}}}", top.join(","));
    for _ in 0..random.below(3) {
        text = mutate(&text, random);
    }
    let mut bytes = text.into_bytes();
    if random.below(40) == 0 {
        let at = random.below(bytes.len());
        bytes[at] = u8::try_from(random.below(256)).expect("a byte");
    }
    bytes
}

fn mutate(text: &str, random: &mut Random) -> String {
    match random.below(12) {
        0 => text.to_lowercase(),
        1 => text
            .to_uppercase()
            .replace("NULL", "null")
            .replace("TRUE", "true")
            .replace("FALSE", "false"),
        2 => text.replacen('s', "\u{17F}", 1 + random.below(3)),
        3 => text.replacen('k', "\u{212A}", 1),
        4 => text.replacen('o', "\\u006f", 1 + random.below(5)),
        5 => text.replace(':', " : ").replace(',', ",\n"),
        6 => format!(
            "{text}{}",
            random.pick(&["]", "}", "{}", " ", "\n\n", "null", "//"])
        ),
        7 => text.replacen("true", random.pick(&["null", "1", "\"true\"", "[]"]), 1),
        8 => text.replacen('"', random.pick(&["\"x", "\"", "'"]), 1 + random.below(9)),
        9 => text.replacen("\":[", random.pick(&["\":[null,", "\":[[],", "\":["]), 1),
        10 => {
            let at = random.below(text.len());
            match text.char_indices().nth(at) {
                Some((at, letter)) if letter.is_ascii_alphabetic() => {
                    let other = if letter.is_ascii_lowercase() {
                        letter.to_ascii_uppercase()
                    } else {
                        letter.to_ascii_lowercase()
                    };
                    format!("{}{other}{}", &text[..at], &text[at + letter.len_utf8()..])
                }
                _ => text.to_owned(),
            }
        }
        _ => match text.find(',') {
            Some(at) => format!("{{{},{}", &text[at + 1..text.len() - 1], &text[1..]),
            None => text.to_owned(),
        },
    }
}

/// A linear congruential generator: the documents are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

//! The codec compared with hyper and with Go's net/http, the engine's own server: whatever the codec
//! takes for a request, they must take for the same one, with the same body and the same bytes behind it.
//! What the codec refuses may be anything to them.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

#[path = "wire/answers.rs"]
mod answers;
#[path = "wire/cases.rs"]
mod cases;
mod golang;
#[path = "wire/readers.rs"]
mod readers;

use golang::Program;
use readers::{End, Seen};

/// How many mutated inputs are tried.
const MUTATIONS: usize = 30_000;

/// Checks one input, given what the codec and a general server read in it.
fn check(input: &[u8], ours: &Seen, theirs: &Seen, who: &str) -> Result<(), String> {
    for (index, request) in ours.requests.iter().enumerate() {
        match theirs.requests.get(index) {
            Some(same) if same == request => {}
            // Targets are read by the grammar of the Engine API later, and stricter.
            None if !request.has_plain_target() => return Ok(()),
            Some(other) if !request.has_plain_target() && other.is_but_for_target(request) => {}
            other => {
                return Err(format!(
                    "request {index} is {request:?} here and {other:?} for {who} in\n{}",
                    input.escape_ascii()
                ));
            }
        }
    }
    let more = theirs.requests.len() > ours.requests.len();
    // Behind the end of a connection nothing is read here, and nothing reaches anybody.
    if ours.end == End::Clean && more {
        return Err(format!(
            "{who} reads another request behind those in\n{}",
            input.escape_ascii()
        ));
    }
    Ok(())
}

fn compare(inputs: &[Vec<u8>], theirs: &[Seen], who: &str) {
    assert_eq!(inputs.len(), theirs.len());
    let ours: Vec<_> = inputs.iter().map(|input| readers::ours(input)).collect();
    let accepted = ours.iter().filter(|seen| !seen.requests.is_empty()).count();
    let bad: Vec<_> = inputs
        .iter()
        .zip(&ours)
        .zip(theirs)
        .filter_map(|((input, ours), theirs)| check(input, ours, theirs, who).err())
        .collect();
    println!(
        "{who}: {} inputs, {accepted} with a request that the codec takes",
        inputs.len()
    );
    expect_none(&bad);
    assert!(
        accepted * 10 > inputs.len(),
        "only {accepted} inputs have a request: the test shows little"
    );
}

/// Fails with the first few of what was read differently.
fn expect_none(differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{} differences, such as:\n{}",
        differences.len(),
        differences[..differences.len().min(5)].join("\n\n")
    );
}

fn inputs() -> Vec<Vec<u8>> {
    cases::at_the_limits()
        .into_iter()
        .chain(cases::mutations(cases::BASES, MUTATIONS))
        .collect()
}

#[test]
fn hyper_reads_what_the_codec_reads() {
    let inputs = inputs();
    compare(&inputs, &readers::hyper(&inputs), "hyper");
}

#[test]
fn the_engines_server_reads_what_the_codec_reads() {
    let Some(program) = Program::build("wire/gohttp") else {
        return;
    };
    let inputs = inputs();
    compare(&inputs, &readers::go(&program, &inputs, ""), "Go");
    // Engines up to 26.1 are built with this laxness.
    compare(
        &inputs,
        &readers::go(&program, &inputs, "httplaxcontentlength=1"),
        "Go, lax",
    );
}

/// What the mutations begin with, and what is at the limits, is read in full.
#[test]
fn valid_requests_are_read() {
    let limits = cases::at_the_limits();
    for input in cases::BASES
        .iter()
        .copied()
        .chain(limits.iter().map(Vec::as_slice))
    {
        let seen = readers::ours(input);
        let whole = matches!(seen.end, End::Clean | End::Closed);
        assert!(whole, "{}", input.escape_ascii());
    }
}

/// In whatever pieces the bytes come, the same is read and the same is refused.
#[test]
fn pieces_are_read_like_the_whole() {
    for (index, input) in cases::mutations(cases::BASES, 3000).enumerate() {
        let whole = readers::ours(&input);
        for size in [1, 2, 3, 7 + index % 60] {
            let pieces = readers::ours_in_pieces(&input, size);
            assert_eq!(
                pieces,
                whole,
                "pieces of {size} bytes of\n{}",
                input.escape_ascii()
            );
        }
    }
}

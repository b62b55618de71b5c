//! What calls demand: tables of calls, properties, and a comparison with Go's decoder.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use doodgate::api::Call;
use doodgate::api::json::Document;
use doodgate::demand::{self, Demand, Value};

/// The demands of a call, as lines `KIND VALUE @ PLACE`, those that the bare operation grants after a `+`; or the reason that it is bad.
fn demands(request: &str, body: &str) -> Result<Vec<String>, String> {
    let (method, target) = request.split_once(' ').expect("a method and a target");
    let call = Call::from_parts(method, target, None).map_err(|error| error.to_string())?;
    let document = match body {
        "" => None,
        _ => Some(Document::parse(body.as_bytes()).map_err(|error| error.to_string())?),
    };
    let demands = demand::of(&call, document.as_ref()).map_err(|error| error.to_string())?;
    Ok(demands.iter().map(line).collect())
}

fn line(demand: &Demand<'_>) -> String {
    let value = match &demand.value {
        Value::Flag => "true".to_owned(),
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Unlimited => "unlimited".to_owned(),
    };
    let sign = if demand.safe { "+" } else { "" };
    format!("{sign}{} {value} @ {}", demand.kind.name(), demand.place)
}

#[path = "demand/cases.rs"]
mod cases;
#[path = "demand/decoder.rs"]
mod decoder;
#[path = "demand/fields.rs"]
mod fields;
mod golang;
#[path = "demand/laws.rs"]
mod laws;
#[path = "demand/page.rs"]
mod page;

//! The canonical form.

use super::{Member, Value};

pub(super) fn value(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(digits) => out.extend_from_slice(digits.as_bytes()),
        Value::Text(string) => text(string, out),
        Value::Array(items) => array(items, out),
        Value::Object(members) => object(members, out),
    }
}

fn array(items: &[Value<'_>], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        value(item, out);
    }
    out.push(b']');
}

fn object(members: &[Member<'_>], out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        text(&member.name, out);
        out.push(b':');
        value(&member.value, out);
    }
    out.push(b'}');
}

fn text(string: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    // Not the first hit is wanted, so that the compiler can look at many bytes at once.
    if string
        .bytes()
        .fold(false, |found, byte| found | must_escape(byte))
    {
        for byte in string.bytes() {
            match byte {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => out.push(byte),
            }
        }
    } else {
        out.extend_from_slice(string.as_bytes());
    }
    out.push(b'"');
}

const fn must_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

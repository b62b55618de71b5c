//! The page: one document with its style and script in it, so that nothing else has to be loaded.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

const DOCUMENT: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// The parts of one script, in a scope of its own. Each uses what stands in those before it.
const SCRIPT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("page/words.js"),
    include_str!("page/calls.js"),
    include_str!("page/call.js"),
    include_str!("page/numbers.js"),
    include_str!("page/status.js"),
    include_str!("page/live.js"),
    "})();"
);

/// The page, and the policy that lets its own style and script run and nothing else.
pub(crate) fn render() -> (String, String) {
    // Two keyed hashes of nothing: the standard library seeds each from the operating system's randomness.
    let random = || RandomState::new().hash_one(());
    let nonce = format!("{:016x}{:016x}", random(), random());
    let document = DOCUMENT
        .replace("{nonce}", &nonce)
        .replace("{style}", STYLE)
        .replace("{script}", SCRIPT);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    (document, policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_document_that_loads_nothing() {
        let (document, policy) = render();
        // The name of SVG is a name, and not a place to load from.
        let document = document.replace("http://www.w3.org/2000/svg", "");
        for outside in [
            "http://", "https://", " src=", "@import", " url(", "{nonce}", "{style}", "{script}",
        ] {
            assert!(!document.contains(outside), "{outside}");
        }
        // Neither inline handlers nor inline styles would run.
        for inline in [" style=\"", " onclick=", " onload="] {
            assert!(!document.contains(inline), "{inline}");
        }
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
        assert_ne!(render().1, policy, "a nonce is used once");
    }
}

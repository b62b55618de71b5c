//! The page about grants.

#[test]
fn the_page_is_the_vocabulary() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/GRANTS.md");
    let page = doodgate::demand::reference();
    if std::env::var_os("DOODGATE_BLESS").is_some() {
        std::fs::write(path, &page).expect("docs/ can be written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == written,
        "docs/GRANTS.md is not up to date: run this test with DOODGATE_BLESS=1"
    );
}

#[test]
fn every_kind_can_be_named_once() {
    let names: Vec<&str> = doodgate::demand::KINDS
        .iter()
        .map(|info| info.name)
        .collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted, "names come in order, each once");
    for info in doodgate::demand::KINDS {
        assert_eq!(doodgate::demand::Kind::parse(info.name), Some(info.kind));
    }
}

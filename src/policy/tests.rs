use super::*;

#[test]
fn every_preset_is_a_policy() {
    for preset in PRESETS {
        match Policy::preset(preset, PRESETS) {
            // What lets everything pass says so.
            Ok(policy) => assert_eq!(
                policy.warnings().is_empty(),
                preset.name != "everything",
                "{}: {}",
                preset.name,
                policy.warnings()
            ),
            Err(problems) => panic!("{problems}"),
        }
    }
}

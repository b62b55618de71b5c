use super::*;

/// The sample as engines since API 1.52 lay it out, with counts and sums of everything.
fn counted() -> String {
    let old: Value = json_of(sample!("26-df"));
    let part = |items: &str| {
        json!({
            "ActiveCount": 99, "TotalCount": 99, "Reclaimable": 999_999, "TotalSize": 999_999,
            "Items": old[items],
        })
    };
    json!({
        "ImageUsage": part("Images"),
        "ContainerUsage": part("Containers"),
        "VolumeUsage": part("Volumes"),
        "BuildCacheUsage": part("BuildCache"),
    })
    .to_string()
}

#[test]
fn sums_are_counted_anew() {
    let answer = counted();
    let old = parsed(data_usage(false), sample!("26-df"));
    let new = parsed(data_usage(true), &answer);
    for (part, items) in [
        ("ImageUsage", "Images"),
        ("ContainerUsage", "Containers"),
        ("VolumeUsage", "Volumes"),
    ] {
        assert_eq!(new[part]["Items"], old[items], "{part}");
        let count = old[items].as_array().unwrap().len();
        assert_eq!(new[part]["TotalCount"], json!(count), "{part}");
        assert!(
            count > 0 && new[part]["ActiveCount"].as_u64().unwrap() <= 3,
            "{part}"
        );
    }
    assert_eq!(new["ImageUsage"]["TotalSize"], old["LayersSize"]);
    assert_eq!(new["BuildCacheUsage"]["TotalCount"], json!(0));
    let brief = parsed(data_usage(false), &answer);
    for (part, usage) in new.as_object().unwrap() {
        let mut usage = usage.clone();
        usage.as_object_mut().unwrap().remove("Items");
        assert_eq!(brief[part], usage, "{part}");
    }
    for text in [brief.to_string(), new.to_string()] {
        assert!(!text.contains("zulu") && !text.contains(":99"), "{text}");
    }
}

#[test]
fn what_was_not_asked_for_is_nothing() {
    let answer = r#"{"ImageUsage":null,"ContainerUsage":{"TotalCount":7,"TotalSize":7}}"#;
    assert_eq!(
        parsed(data_usage(true), answer),
        json!({
            "ImageUsage": null,
            "ContainerUsage": {"ActiveCount": 0, "TotalCount": 0, "Reclaimable": 0, "TotalSize": 0, "Items": []},
        })
    );
    refused(
        data_usage(true),
        r#"{"VolumeUsage":{"Items":[{"Name":"acme.x","Labels":{"io.doodgate.tenant":"acme"},"UsageData":{"Size":"x"}}]}}"#,
    );
}

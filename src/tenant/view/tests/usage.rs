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
    let old = parsed(data_usage(), sample!("26-df"));
    let new = parsed(data_usage(), &answer);
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
    assert_eq!(new["BuildCacheUsage"], json!({}));
    // Without `verbose`, both ways of telling come together.
    let mut both: Value = json_of(&answer);
    let lists: Value = json_of(sample!("26-df"));
    for (name, value) in lists.as_object().unwrap() {
        both[name] = value.clone();
    }
    let both = parsed(data_usage(), &both.to_string());
    for (name, value) in new
        .as_object()
        .unwrap()
        .iter()
        .chain(old.as_object().unwrap())
    {
        assert_eq!(&both[name], value, "{name}");
    }
    for text in [both.to_string(), new.to_string()] {
        assert!(!text.contains("zulu") && !text.contains(":99"), "{text}");
    }
}

#[test]
fn a_volume_that_was_not_measured_counts_as_used() {
    let volume = |name: &str, size: i64, uses: u64| {
        json!({
            "Name": format!("acme.{name}"), "Labels": {"io.doodgate.tenant": "acme"},
            "UsageData": {"Size": size, "RefCount": uses},
        })
    };
    let items = [volume("a", -1, 0), volume("b", 5, 0), volume("c", 7, 2)];
    let answer = json!({"VolumeUsage": {"TotalCount": 9, "Items": items}}).to_string();
    let mut shown = parsed(data_usage(), &answer)["VolumeUsage"].take();
    shown.as_object_mut().unwrap().remove("Items");
    assert_eq!(
        shown,
        json!({"ActiveCount": 2, "Reclaimable": 5, "TotalCount": 3, "TotalSize": 12})
    );
}

#[test]
fn images_alone_are_counted_by_what_was_looked_up() {
    let old: Value = json_of(sample!("26-df"));
    let image = |part: &Value| {
        let images = part.as_array().unwrap().iter();
        let mut found =
            images.filter(|image| image["RepoTags"].to_string().contains("busybox:latest"));
        found.next().unwrap().clone()
    };
    let id = image(&old["Images"])["Id"].as_str().unwrap().to_owned();
    let view = View::DataUsage {
        own: Names::new(),
        used: Some(vec![id; 2]),
    };
    let answer = json!({"LayersSize": 5, "Images": old["Images"]}).to_string();
    assert_eq!(image(&parsed(view, &answer)["Images"])["Containers"], 2);
}

#[test]
fn what_was_not_asked_for_is_nothing() {
    let answer = r#"{"ImageUsage":null,"ContainerUsage":{},"VolumeUsage":{"TotalSize":3}}"#;
    assert_eq!(
        parsed(data_usage(), answer),
        json!({"ImageUsage": null, "ContainerUsage": {}, "VolumeUsage": {}})
    );
    for text in [
        r#"{"VolumeUsage":{"Items":[{"Name":"acme.x","Labels":{"io.doodgate.tenant":"acme"},"UsageData":{"Size":"x"}}]}}"#,
        r#"{"ContainerUsage":{"TotalCount":7,"TotalSize":7}}"#,
    ] {
        refused(data_usage(), text);
    }
}

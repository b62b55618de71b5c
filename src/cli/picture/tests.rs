use super::*;

#[expect(clippy::disallowed_methods, reason = "the gate's own words")]
fn read<T: serde::de::DeserializeOwned>(value: &serde_json::Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap()
}

fn report() -> Report {
    let socket = |name: &str, observe_only: bool| {
        serde_json::json!({
            "name": name, "listen": "unix:///x", "observe_only": observe_only, "connections": 1, "streams": 1,
            "policy": {"name": "a-policy-with-a-long-name", "digest": "0", "loaded": "2026-11-24T11:00:00.0Z"},
            "operations": [{"operation": "ContainerCreate", "allowed": 12_345_678, "engine_wait_seconds": 1.5}],
            "refusals": {},
        })
    };
    read(&serde_json::json!({
        "version": "0.1.0", "started": "2026-11-24T11:00:00.0Z", "now": "2026-11-24T12:34:56.7Z",
        "engine": {"address": "unix:///x", "up": false, "reason": "r".repeat(300)},
        "sockets": (0..5).map(|number| socket(&format!("socket-{number}-with-a-long-name"), number == 1)).collect::<Vec<_>>(),
        "streams": [], "audit": {"records": 1, "dropped": 3},
        "tenants": (0..30).map(|number| serde_json::json!(
            {"tenant": format!("tenant-{number}"), "quota": "memory", "used": 1e9, "limit": 2e9}
        )).collect::<Vec<_>>(),
        "process": {"resident_bytes": 14_680_064, "descriptors": 1, "max_descriptors": 9},
    }))
}

fn refused() -> Call {
    read(&serde_json::json!({
        "time": "2026-11-24T12:34:55.1Z", "socket": "socket-0-with-a-long-name", "operation": "ContainerCreate",
        "decision": "denied", "total_us": 421, "end": "complete", "path": "/v1.45/containers/create",
        "query": [{"name": "name", "value": "web\u{1b}[2J"}],
        "missing": [{"grant": "bind", "value": "/:rw"}, {"grant": "privileged"}],
    }))
}

#[test]
fn fits_every_terminal() {
    let (report, calls) = (report(), vec![refused(); 100]);
    for (rows, columns) in [(24, 80), (50, 200), (10, 40), (24, 109), (3, 20)] {
        let picture = Picture {
            report: &report,
            rates: &Rates::default(),
            calls: &calls,
            rows,
            columns,
            colored: false,
        };
        let drawn = picture.draw();
        assert!(drawn.lines().count() <= rows, "{rows}x{columns}:\n{drawn}");
        assert!(!drawn.contains('\u{1b}'), "a client moves the cursor");
        if columns >= 80 {
            for line in drawn.lines() {
                assert!(line.chars().count() <= columns, "{columns}: {line}");
            }
            for part in [
                "needs bind",
                "not enforced: socket-1",
                "3 audit records lost",
                "engine down",
            ] {
                assert!(drawn.contains(part), "{part} is not in\n{drawn}");
            }
        }
    }
}

#[test]
fn times_are_short() {
    for (time, text) in [
        (999, "999 us"),
        (1_250, "1.2 ms"),
        (98_765, "98 ms"),
        (12_000_000, "12 s"),
    ] {
        assert_eq!(micros(time), text);
    }
}

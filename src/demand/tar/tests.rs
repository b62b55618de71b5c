#![expect(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use super::*;

/// A header block with its data.
fn entry(name: &str, kind: u8, link: &str, mode: &str, data: &[u8]) -> Vec<u8> {
    let mut block = vec![0_u8; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..100 + mode.len()].copy_from_slice(mode.as_bytes());
    block[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block.extend_from_slice(data);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

fn file(name: &str) -> Vec<u8> {
    entry(name, b'0', "", "0000644", b"hello")
}

fn pax(key: &str, value: &str) -> Vec<u8> {
    let body = format!(" {key}={value}\n");
    let length = (1..4)
        .map(|digits| body.len() + digits)
        .find(|total| total.to_string().len() + body.len() == *total);
    entry(
        "pax",
        b'x',
        "",
        "0000644",
        format!("{}{body}", length.unwrap()).as_bytes(),
    )
}

fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = parts.concat();
    bytes.extend_from_slice(&[0; 1024]);
    bytes
}

/// Pushes an archive in pieces of `size` bytes.
fn run(bytes: &[u8], size: usize, grants: &[&str]) -> Result<(), Refusal> {
    let mut guard = TarGuard::new();
    let granted = |_: Kind, value: &str| grants.contains(&value);
    for piece in bytes.chunks(size) {
        guard.push(piece, &granted)?;
    }
    guard.finish()
}

#[test]
fn ordinary_archives_pass_in_pieces_of_any_size() {
    let long = "d/".repeat(120) + "file";
    let bytes = archive(&[
        entry("d/", b'5', "", "0000755", b""),
        file("d/a"),
        file("./d/b..c"),
        entry("d/big", b'0', "", "0000644", &[7; 3000]),
        entry("link", b'2', "/etc/passwd", "0000777", b""),
        entry("hard", b'1', "d/a", "0000644", b""),
        entry("pipe", b'6', "", "0000644", b""),
        pax("path", &long),
        file("short"),
        entry(
            "././@LongLink",
            b'L',
            "",
            "0000644",
            format!("{long}\0").as_bytes(),
        ),
        file("short"),
        entry("g", b'g', "", "0000644", b"18 comment=abcdefg\n"),
        file("\u{e9}"),
    ]);
    for size in [1, 7, 511, 512, 513, 100_000] {
        assert_eq!(run(&bytes, size, &[]), Ok(()), "pieces of {size}");
    }
    assert_eq!(run(&[0; 1024], 512, &[]), Ok(()));
    assert_eq!(run(&[], 1, &[]), Ok(()));
    assert_eq!(
        run(
            &[archive(&[file("a")]), b"trailing".to_vec()].concat(),
            100,
            &[]
        ),
        Ok(())
    );
}

#[test]
fn what_reaches_out_of_the_archive_needs_a_grant() {
    let many = "../".repeat(30) + "etc/passwd";
    for (what, parts) in [
        ("path-outside", vec![file("../etc/passwd")]),
        ("path-outside", vec![file("a/../../b")]),
        ("path-outside", vec![file("/etc/passwd")]),
        (
            "path-outside",
            vec![file("a"), pax("path", &many), file("innocent")],
        ),
        (
            "path-outside",
            vec![
                entry("l", b'L', "", "0000644", b"../../x\0"),
                file("innocent"),
            ],
        ),
        (
            "link-outside",
            vec![entry("h", b'1', "/etc/shadow", "0000644", b"")],
        ),
        (
            "link-outside",
            vec![entry("h", b'1', "a/../../etc/shadow", "0000644", b"")],
        ),
        (
            "link-outside",
            vec![
                pax("linkpath", "/etc/shadow"),
                entry("h", b'1', "a", "0000644", b""),
            ],
        ),
        (
            "link-outside",
            vec![entry("s", b'2', "/etc", "0000777", b""), file("s/passwd")],
        ),
        (
            "link-outside",
            vec![
                entry("./d//s", b'2', "t", "0000777", b""),
                file("d/./s/x/y"),
            ],
        ),
        ("device", vec![entry("sda", b'4', "", "0000666", b"")]),
        ("device", vec![entry("mem", b'3', "", "0000666", b"")]),
        ("setuid", vec![entry("su", b'0', "", "0004755", b"x")]),
        ("setuid", vec![entry("sg", b'0', "", "0002755", b"x")]),
        (
            "setuid",
            vec![pax("SCHILY.xattr.security.capability", "x"), file("ping")],
        ),
    ] {
        let bytes = archive(&parts);
        for size in [1, 512, 100_000] {
            let refusal = run(&bytes, size, &[]).unwrap_err();
            assert_eq!(refusal.missing(), Some((Kind::TarEntry, what)), "{refusal}");
            assert_eq!(run(&bytes, size, &[what]), Ok(()), "{what}");
        }
    }
}

#[test]
fn compression_needs_a_grant_and_is_seen_byte_by_byte() {
    for (method, magic) in [
        ("gzip", &b"\x1f\x8b\x08\0\0\0\0"[..]),
        ("bzip2", b"BZh91AY"),
        ("xz", b"\xfd7zXZ\0\0"),
        ("zstd", b"\x28\xb5\x2f\xfd\0\0\0"),
        ("zstd", b"\x50\x2a\x4d\x18\0\0\0"),
    ] {
        for size in [1, 100] {
            assert_eq!(run(magic, size, &[]), Err(Refusal::Compressed { method }));
            assert_eq!(run(magic, size, &[method]), Ok(()));
        }
    }
}

#[test]
fn what_the_engine_could_not_read_in_one_way_is_refused() {
    let mut broken = file("a");
    broken[0] = b'b';
    let mut unknown = entry("a", b'Z', "", "0000644", b"");
    unknown.extend_from_slice(&[0; 1024]);
    for (why, bytes) in [
        ("check sum", archive(&[broken])),
        ("unknown type", unknown),
        ("sparse", archive(&[entry("a", b'S', "", "0000644", b"")])),
        (
            "sparse",
            archive(&[pax("GNU.sparse.name", "../x"), file("a")]),
        ),
        (
            "two PAX",
            archive(&[pax("path", "a"), pax("path", "b"), file("c")]),
        ),
        (
            "two names",
            archive(&[
                pax("path", "a"),
                entry("l", b'L', "", "0000644", b"b\0"),
                file("c"),
            ]),
        ),
        (
            "malformed",
            archive(&[entry("p", b'x', "", "0000644", b"99 path=x\n"), file("c")]),
        ),
        (
            "malformed",
            archive(&[entry("p", b'x', "", "0000644", b"+8 a=b\n"), file("c")]),
        ),
        ("size", archive(&[pax("size", "-1"), file("c")])),
        (
            "size",
            archive(&[pax("size", "99999999999999999999"), file("c")]),
        ),
        ("no entry", archive(&[pax("path", "a")])),
        ("ends inside", file("a")[..600].to_vec()),
        ("ends inside", file("a")[..100].to_vec()),
        ("ends inside", pax("path", "a")),
        (
            "longer",
            archive(&[
                entry("p", b'x', "", "0000644", &vec![b' '; 70_000]),
                file("c"),
            ]),
        ),
        ("no name", archive(&[file("")])),
        ("malformed number", b"this is not a tar archive".repeat(100)),
    ] {
        let refusal = run(&bytes, 300, &["path-outside"]).unwrap_err();
        assert!(matches!(refusal, Refusal::Malformed(_)), "{why}: {refusal}");
        assert!(refusal.to_string().contains(why), "{why}: {refusal}");
    }
}

/// The size of an entry decides where the next header is read, and a PAX record decides the size.
#[test]
fn a_hidden_header_is_not_skipped() {
    let evil = file("../evil");
    let hidden = [pax("size", "0"), entry("a", b'0', "", "0000644", &evil)].concat();
    assert!(run(&archive(&[hidden]), 512, &[]).is_err());
    let in_directory = entry("d/", b'5', "", "0000755", &evil);
    assert!(run(&archive(&[in_directory]), 512, &[]).is_err());
    let in_old_directory = entry("d/", 0, "", "0000755", &evil);
    assert!(run(&archive(&[in_old_directory]), 512, &[]).is_err());
}

/// Passes an archive on in pieces of `size` bytes, with what `edit` makes of the file `w/f`.
fn edited(bytes: &[u8], size: usize, edit: &dyn Fn(&[u8]) -> Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let mut guard = TarGuard::watching(&["w/f"]);
    let mut all = Vec::new();
    for piece in bytes.chunks(size) {
        let mut out = Vec::new();
        guard.pass(piece, &|_, _| true, &mut out)?;
        let mut from = 0;
        for file in guard.take_seen() {
            let at = file.at;
            let data = edit(&file.data);
            all.extend_from_slice(&out[from..at]);
            all.extend(file.with(&data)?);
            from = at;
        }
        all.extend_from_slice(&out[from..]);
    }
    guard.finish()?;
    Ok(all)
}

#[test]
fn watched_files_are_passed_on_with_other_content() {
    let long = "./".repeat(100) + "w/f";
    let watched = |data: &[u8]| {
        vec![
            entry("w/", b'5', "", "0000755", b""),
            file("a"),
            entry("w/f", b'0', "", "0000600", data),
            pax("path", &"b/".repeat(90)),
            file("short"),
            entry("g", b'g', "", "0000644", b"18 comment=abcdefg\n"),
            pax("path", &long),
            entry("g", b'g', "", "0000644", &[b' '; 600]),
            entry("x", b'0', "", "0000644", data),
            entry("././@LongLink", b'L', "", "0000644", b"w/f\0"),
            entry("y", b'0', "", "0000644", data),
            entry("big", b'0', "", "0000644", &[7; 3000]),
        ]
    };
    let contents: [&[u8]; 5] = [b"", b"old", &[b'o'; 512], &[b'o'; 600], &vec![b'o'; 70_000]];
    for old in contents {
        let bytes = [archive(&watched(old)), b"trailing".to_vec()].concat();
        for new in contents {
            let expected = [archive(&watched(new)), b"trailing".to_vec()].concat();
            for size in [1, 7, 511, 512, 513, 4096, 1_000_000] {
                let out = edited(&bytes, size, &|data| {
                    assert_eq!(data, old);
                    new.to_vec()
                });
                assert_eq!(out.as_ref(), Ok(&expected), "pieces of {size}");
            }
        }
    }
}

#[test]
fn a_size_in_an_extension_stays() {
    let bytes = archive(&[
        pax("size", "5"),
        entry("w/f", b'0', "", "0000644", b"hello"),
    ]);
    assert_eq!(edited(&bytes, 100, &<[u8]>::to_vec).as_ref(), Ok(&bytes));
    assert!(edited(&bytes, 100, &|_| b"longer".to_vec()).is_err());
    let many = vec![entry("g", b'g', "", "0000644", &vec![b' '; 60_000]); 20];
    let bytes = archive(&[vec![pax("path", "w/f")], many, vec![file("x")]].concat());
    assert!(edited(&bytes, 1000, &<[u8]>::to_vec).is_err());
}

#[test]
fn small_files_are_not_replaced_unseen() {
    let big = || entry("d/a", b'0', "", "0000644", &vec![b'x'; 1_100_000]);
    let folder = || entry("d/a", b'5', "", "0000755", b"");
    for (parts, names) in [
        (
            vec![file("d/a"), file("./d//a"), file("b")],
            Some("d/a d/a b"),
        ),
        (vec![big(), file("b")], Some("b")),
        (vec![big(), file("d/a")], Some("d/a")),
        (vec![folder(), file("d/a/b")], Some("d/a/b")),
        (
            vec![entry("d/a", b'2', "x", "0000777", b""), file("d/a")],
            None,
        ),
        (vec![file("d/a"), big()], None),
        (vec![file("d/a"), folder()], None),
        (
            vec![file("d/a"), entry("d/a", b'2', "x", "0000777", b"")],
            None,
        ),
        (
            vec![file("d/a"), entry("d/a", b'1', "b", "0000777", b"")],
            None,
        ),
        (
            vec![file("d/a"), entry("d", b'2', "x", "0000777", b"")],
            None,
        ),
        (vec![file("d/a"), file("d")], None),
    ] {
        let mut guard = TarGuard::watching_small();
        let mut out = Vec::new();
        let looked = guard.pass(&archive(&parts), &|_, _| true, &mut out);
        let seen: Vec<String> = guard.take_seen().into_iter().map(|it| it.name).collect();
        match names {
            Some(names) => assert_eq!((looked, seen.join(" ")), (Ok(()), names.to_owned())),
            None => {
                assert!(matches!(looked, Err(Refusal::Malformed(why)) if why.contains("replaced")));
            }
        }
    }
}

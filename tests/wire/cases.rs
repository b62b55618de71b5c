//! Inputs: valid connections of engine clients, and what mutation makes of them, or of what engines answer.

/// Valid connections, in the shapes that clients send.
pub(crate) const BASES: &[&[u8]] = &[
    b"GET /_ping HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\n\r\n",
    b"HEAD /_ping HTTP/1.1\r\nHost: api.moby.localhost\r\nAccept: */*\r\n\r\nGET /v1.41/version HTTP/1.1\r\nHost:\r\n\r\n",
    b"GET /events HTTP/1.0\r\n\r\n",
    b"GET /_ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /info HTTP/1.0\r\nHost: a\r\n\r\n",
    b"POST /v1.41/containers/create?name=web HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{\"Image\":\"alpine\"}GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n",
    b"POST /v1.41/build?t=x HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-tar\r\n\r\n5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\nGET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n",
    b"POST /v1.41/images/load HTTP/1.1\r\nHost: docker\r\ntransfer-encoding:\tChunked \r\n\r\n3;a=b\r\nabc\r\n2;q=\"x y\"\r\nde\r\n0\r\nX-Sum: 1\r\nX-More:  2 \r\n\r\nGET /after HTTP/1.1\r\nHost: docker\r\n\r\n",
    b"POST /v1.41/exec/0123/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"Detach\":false}",
    b"POST /v1.41/containers/a/attach?stream=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nContent-Length: 0\r\nUpgrade: tcp\r\n\r\nPOST /b HTTP/1.1\r\nHost: docker\r\nContent-Length: 1\r\n\r\nx",
    b"GET /_ping HTTP/1.1\r\nHost: docker\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabcGET /never HTTP/1.1\r\nHost: docker\r\n\r\n",
    b"POST /v1.41/containers/a/wait HTTP/1.1\r\nHost: docker\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbodyGET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n",
    b"PUT /v1.41/containers/a/archive?path=%2F HTTP/1.1\r\nHost: docker\r\nX-Registry-Auth: e30=\r\nConnection: keep-alive, TE\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    b"DELETE /v1.41/containers/a?force=1 HTTP/1.1\r\nHost: [::1]:2375\r\nContent-Length: 0\r\n\r\nOPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n",
];

/// Inputs at the codec's limits, which it takes: the others must take them too.
pub(crate) fn at_the_limits() -> Vec<Vec<u8>> {
    let filled = |begin: &str, unit: &str, count: usize, end: &str| {
        format!("{begin}{}{end}", unit.repeat(count))
    };
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    let fields = "GET / HTTP/1.1\r\nHost: a\r\n";
    [
        // 100 fields.
        filled(fields, "X-A: b\r\n", 99, "\r\n"),
        // A request line of 32 KiB.
        filled(
            "GET /",
            "x",
            (32 << 10) - 14,
            " HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        // A head of 64 KiB.
        filled(
            &format!("{fields}X-A: "),
            "v",
            (64 << 10) - fields.len() - 9,
            "\r\n\r\n",
        ),
        // 16 digits of a chunk's size.
        filled(
            chunked,
            "",
            0,
            &format!("0000000000000003\r\nabc\r\n0\r\n\r\n{next}"),
        ),
        // 1 KiB of extensions, in one chunk and in many.
        filled(
            &format!("{chunked}1;"),
            "e",
            1024,
            &format!("\r\nx\r\n0\r\n\r\n{next}"),
        ),
        filled(chunked, "1;eeee\r\nx\r\n", 256, &format!("0\r\n\r\n{next}")),
        // Many small chunks.
        filled(
            chunked,
            "0000000000000001\r\nx\r\n",
            5000,
            &format!("0\r\n\r\n{next}"),
        ),
        // 32 trailers in 4 KiB.
        filled(
            &format!("{chunked}0\r\n"),
            &format!("X-A: {}\r\n", "v".repeat(120)),
            32,
            &format!("\r\n{next}"),
        ),
        filled(
            &format!("{chunked}0\r\nX-A: "),
            "v",
            4096 - 9,
            &format!("\r\n\r\n{next}"),
        ),
        // The longest length.
        filled(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ",
            "",
            0,
            "0000000000000000003\r\n\r\nabc",
        ),
        // Every byte that the codec takes in `Host` and in a value.
        filled(
            "GET / HTTP/1.1\r\nHost: aZ09!$%&'()*+,-.:;=[]_~\r\n\r\n",
            "",
            0,
            next,
        ),
    ]
    .map(String::into_bytes)
    .into_iter()
    .chain([values()])
    .collect()
}

/// A request with every byte in a field's value that may stand there, and every one in a name.
fn values() -> Vec<u8> {
    let mut input =
        b"!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~09azAZ: x".to_vec();
    input.extend((0..=0xff).filter(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..)));
    input.extend_from_slice(b"x\r\n\r\n");
    input
}

/// What is put into a line's place or between two lines.
const LINES: &[&[u8]] = &[
    b"Content-Length: 0\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: +5\r\n",
    b"Content-Length: 5, 5\r\n",
    b"Content-Length: 005\r\n",
    b"Content-Length:\r\n",
    b"Content-Length: 9223372036854775808\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked, chunked\r\n",
    b"Transfer-Encoding: identity\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Transfer-Encoding:\r\n chunked\r\n",
    b"Transfer-Encoding: \x0bchunked\r\n",
    b" folded: line\r\n",
    b"Host: other\r\n",
    b"Host: a b\r\n",
    b"Host: \xc3\xa4\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Connection: keep-alive, close\r\n",
    b"Connection: Content-Length\r\n",
    b"Connection: upgrade, http2-settings\r\n",
    b"Upgrade: h2c\r\n",
    b"Upgrade: websocket\r\n",
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    b"Expect: 100-continue\r\n",
    b"Expect: more\r\n",
    b"Trailer: Content-Length\r\n",
    b"Trailer: X-Sum\r\n",
    b": x\r\n",
    b"X\r\n",
    b"X:\r\n",
    b"X: \xff\x80\t~\r\n",
    b"X: a\rContent-Length: 5\r\n",
    b"\r\n",
    b"0\r\n",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"5;ext\r\nhello\r\n",
    b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.1 204 No Content\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 UPGRADED\r\n",
];

/// Bytes that mean something to some reader.
const BYTES: &[u8] = b"\r\n\t \0\x0b\x0c\x1f\x7f\x80\xa0\xff:;,=\"'()/0159aAfFxX+-_.*%#\\";

/// A small generator of numbers (splitmix64), so that every run tries the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// So many inputs, always the same, made of `bases`.
pub(crate) fn mutations(bases: &'static [&[u8]], count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut numbers = Numbers(0x0d00_d9a7);
    (0..count).map(move |_| {
        let mut input = numbers.of(bases).to_vec();
        for _ in 0..=numbers.below(3) {
            mutate(&mut input, bases, &mut numbers);
        }
        input
    })
}

fn mutate(input: &mut Vec<u8>, bases: &[&[u8]], numbers: &mut Numbers) {
    if input.is_empty() {
        return;
    }
    let at = numbers.below(input.len());
    match numbers.below(12) {
        0 => input[at] = numbers.of(BYTES),
        1 => drop(input.remove(at)),
        2 => input.insert(at, numbers.of(BYTES)),
        3 => input.insert(at, input[at]),
        4 => input[at] ^= 0x20,
        5 => input.truncate(at),
        6 | 7 => put(
            input,
            line_start(input, at)..line_start(input, at),
            numbers.of(LINES),
        ),
        8 => put(
            input,
            line_start(input, at)..line_end(input, at),
            numbers.of(LINES),
        ),
        9 => {
            let line = input[line_start(input, at)..line_end(input, at)].to_vec();
            let other = line_start(input, numbers.below(input.len()));
            put(input, other..other, &line);
        }
        10 => {
            let end = line_end(input, at);
            if end >= 2 && input[..end].ends_with(b"\r\n") {
                input.remove(end - 2);
            }
        }
        _ => {
            let other = numbers.of(bases);
            let from = line_start(other, numbers.below(other.len()));
            input.truncate(line_start(input, at));
            input.extend_from_slice(&other[from..]);
        }
    }
}

fn put(input: &mut Vec<u8>, at: std::ops::Range<usize>, bytes: &[u8]) {
    input.splice(at, bytes.iter().copied());
}

fn line_start(input: &[u8], at: usize) -> usize {
    input[..at]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |found| found + 1)
}

fn line_end(input: &[u8], at: usize) -> usize {
    input[at..]
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(input.len(), |found| at + found + 1)
}

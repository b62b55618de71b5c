#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| doodgate_fuzz::api::json(data));

#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ftpsh_fuzz::mlsd::check(data));

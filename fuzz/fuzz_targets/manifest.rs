#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ftpsh_fuzz::manifest::check(data));

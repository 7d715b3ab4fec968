//! Trust in servers: fingerprints, the store of known servers, the verdict, the question.

pub mod identity;

//! Query parameters that clients send and no engine reads.

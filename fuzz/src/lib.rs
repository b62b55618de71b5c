//! What the fuzz targets check, one module a part of the product. A check that fails panics.

pub mod wire;

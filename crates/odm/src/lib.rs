//! odm

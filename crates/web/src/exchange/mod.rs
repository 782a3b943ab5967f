//! Files in and out: ODM and CSV against the store.

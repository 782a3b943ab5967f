//! Measures the product: what a save costs, what it stands on, and how both grow.

fn main() {}

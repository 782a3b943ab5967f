//! The small runtime that drives a connection while somebody waits for it, on the thread of whoever waits.

use tokio::{
    runtime::{Builder, Runtime},
    task::block_in_place,
};

use crate::error::{Error, Result};

/// It refuses to run behind anyone's back: between two waits nothing happens.
pub(super) struct Driver(Option<Runtime>);

impl Driver {
    pub(super) fn new() -> Result<Self> {
        Builder::new_current_thread().enable_all().build().map(|runtime| Driver(Some(runtime))).map_err(Error::fault)
    }

    /// Waits for something, here. Where this is a thread of a server's own runtime, its other tasks go on elsewhere.
    pub(super) fn wait<T>(&self, asked: impl Future<Output = T>) -> T {
        let runtime = self.0.as_ref().expect("it is taken only when this is dropped");
        block_in_place(|| runtime.block_on(asked))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // An ordinary drop waits, which a server's own threads may not; there is nothing to wait for.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

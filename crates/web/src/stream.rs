//! Bodies too large to hold, between the network, which is asynchronous, and the readers and writers of files, which
//! are not. Neither side runs ahead of the other by more than a few chunks.

use std::{
    io::{self, Read, Write},
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    RequestExt,
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::StatusCode,
};
use http_body::{Body as HttpBody, Frame};
use store::{Error, Spool};
use tokio::sync::mpsc;

use crate::{
    error::{Answer, Problem},
    session::{blocking, broken_off},
    state::AppState,
};

/// Chunks that may wait between the two sides.
const CHUNKS: usize = 4;
/// Bytes collected before they are handed over.
const CHUNK_BYTES: usize = 64 * 1024;

/// The body of a request, to be read on a thread that may block. Larger ones than its route takes fail as they are
/// read, with [`io::ErrorKind::FileTooLarge`]; ones that break off, with [`io::ErrorKind::UnexpectedEof`].
pub struct Upload {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}

impl FromRequest<AppState> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &AppState) -> Answer<Self> {
        Ok(Upload::of(request.with_limited_body().into_body()))
    }
}

impl Upload {
    /// Reads what arrives here: a file within a form.
    pub(crate) fn of_chunks(chunks: mpsc::Receiver<io::Result<Bytes>>) -> Self {
        Upload { chunks, rest: Bytes::new() }
    }

    /// Reads this body.
    #[must_use]
    pub fn of(body: Body) -> Self {
        let (send, chunks) = mpsc::channel(CHUNKS);
        tokio::spawn(pump(body, send));
        Upload { chunks, rest: Bytes::new() }
    }
}

impl Upload {
    /// Takes all of it in, so that it can be read more than once.
    ///
    /// # Errors
    /// 413 where it is larger than its route takes; otherwise why it could not be read or laid down.
    pub async fn spool(self, state: &AppState) -> Answer<Spool> {
        let state = state.clone();
        let spooled = blocking(move || Spool::take(self, state.installation().folder())).await;
        spooled.map_err(|error| match &error {
            Error::Refused(fields) if fields.iter().any(|field| field.code == "too_large") => {
                Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE)
            }
            _ => error.into(),
        })
    }
}

impl Read for Upload {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.chunks.blocking_recv() {
                None => return Ok(0),
                Some(chunk) => self.rest = chunk?,
            }
        }
        let taken = self.rest.split_to(into.len().min(self.rest.len()));
        if let Some(into) = into.get_mut(..taken.len()) {
            into.copy_from_slice(&taken);
        }
        Ok(taken.len())
    }
}

async fn pump(mut body: Body, send: mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        let chunk = match frame {
            None => return,
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => Ok(data),
                Err(_) => continue,
            },
            Some(Err(error)) => Err(broken(&error)),
        };
        let last = chunk.is_err();
        // The reader may have had enough.
        if send.send(chunk).await.is_err() || last {
            return;
        }
    }
}

/// Told from a limit by its words, because the error beneath is of a private type.
fn broken(error: &axum::Error) -> io::Error {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit") {
            return io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than this address takes");
        }
        cause = error.source();
    }
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file broke off on its way here")
}

/// The writing end of an answer. What is not written to its end breaks off: the client sees that the file is
/// not whole.
pub struct Download {
    chunks: mpsc::Sender<io::Result<Bytes>>,
    held: Vec<u8>,
    ended: bool,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").finish_non_exhaustive()
    }
}

/// A body that `work` writes while it is sent, on a thread that may block. What fails before the first bytes are sent
/// is answered as the failure it is; after that, the file breaks off.
///
/// # Errors
/// What `work` failed with.
pub async fn written(work: impl FnOnce(&mut Download) -> store::Result<()> + Send + 'static) -> Answer<Body> {
    let (mut out, mut chunks) = Download::new();
    let worker = tokio::task::spawn_blocking(move || -> store::Result<()> {
        work(&mut out)?;
        // A client that has gone needs no end.
        let _ = out.end();
        Ok(())
    });
    match chunks.recv().await {
        Some(Ok(first)) => Ok(Body::new(Written { first: Some(first), chunks })),
        // Nothing was sent: the worker has failed, or had nothing to write.
        Some(Err(_)) | None => match worker.await.map_err(broken_off)? {
            Ok(()) => Ok(Body::empty()),
            Err(error) => Err(error.into()),
        },
    }
}

impl Download {
    fn new() -> (Self, mpsc::Receiver<io::Result<Bytes>>) {
        let (send, chunks) = mpsc::channel(CHUNKS);
        (Download { chunks: send, held: Vec::with_capacity(CHUNK_BYTES), ended: false }, chunks)
    }

    /// Sends what is held and ends the file.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn end(mut self) -> io::Result<()> {
        self.hand_over()?;
        self.ended = true;
        Ok(())
    }

    fn hand_over(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.held, Vec::with_capacity(CHUNK_BYTES));
        self.chunks.blocking_send(Ok(chunk.into())).map_err(|_| gone())
    }
}

impl Write for Download {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= CHUNK_BYTES {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        if !self.ended {
            // Without this the client would take half a file for a whole one.
            let _ = self.chunks.try_send(Err(io::Error::other("the file could not be written to its end")));
        }
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the client has gone")
}

struct Written {
    first: Option<Bytes>,
    chunks: mpsc::Receiver<io::Result<Bytes>>,
}

impl HttpBody for Written {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        self.chunks.poll_recv(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}

//! The sockets of a connection.

use std::io::{self, IoSlice, IoSliceMut};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;

/// How long the kernel waits for a peer to confirm what was sent, where it can be told.
#[cfg(any(target_os = "linux", target_os = "android"))]
const USER_TIMEOUT: Duration = Duration::from_secs(130);

/// The connection to a peer.
#[derive(Debug)]
pub(crate) enum RemoteStream {
    Tcp(TcpStream),
}

impl RemoteStream {
    /// Takes over a connection. To be called on the runtime that polls it.
    ///
    /// # Errors
    /// If the socket cannot be put into non-blocking mode or registered.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        // Failures of these options make a connection slower at worst.
        _ = stream.set_nodelay(true);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            _ = SockRef::from(&stream).set_tcp_user_timeout(Some(USER_TIMEOUT));
        }
        TcpStream::from_std(stream).map(Self::Tcp)
    }

    /// Gives the connection back, so that another runtime can poll it.
    ///
    /// # Errors
    /// If the socket cannot be deregistered.
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        match self {
            Self::Tcp(stream) => stream.into_std(),
        }
    }

    /// Reads what there is.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing, else if the connection failed.
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read_vectored(buffers),
        }
    }

    /// Writes what the connection takes.
    ///
    /// # Errors
    /// `WouldBlock` if it takes nothing, else if the connection failed.
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write_vectored(buffers),
        }
    }

    /// Waits until the connection can be read or written.
    ///
    /// # Errors
    /// If the runtime shuts down.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        match self {
            Self::Tcp(stream) => stream.ready(interest).await,
        }
    }
}

/// A connection to the piece engine on loopback.
#[derive(Debug)]
pub(crate) struct EngineStream(TcpStream);

impl EngineStream {
    /// Takes over a connection.
    ///
    /// # Errors
    /// If the socket cannot be put into non-blocking mode or registered.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        _ = stream.set_nodelay(true);
        // The connection is reset when it is dropped, so that no port waits in TIME_WAIT.
        _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        let stream = Self(TcpStream::from_std(stream)?);
        stream.acknowledge();
        Ok(stream)
    }

    /// Reads what there is.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing, else if the connection failed.
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let count = self.0.try_read_vectored(buffers)?;
        self.acknowledge();
        Ok(count)
    }

    /// Writes what the connection takes.
    ///
    /// # Errors
    /// `WouldBlock` if it takes nothing, else if the connection failed.
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(buffers)
    }

    /// Waits until the connection can be read or written.
    ///
    /// # Errors
    /// If the runtime shuts down.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.0.ready(interest).await
    }

    /// Ends what we send, and keeps on reading.
    pub fn shutdown(&self) {
        _ = SockRef::from(&self.0).shutdown(std::net::Shutdown::Write);
    }

    /// Lets the kernel acknowledge at once. The piece engine writes each message separately without
    /// TCP_NODELAY, so it waits for the acknowledgement before it sends the next small one. The
    /// option has to be set again after each read.
    fn acknowledge(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            _ = SockRef::from(&self.0).set_tcp_quickack(true);
        }
    }
}

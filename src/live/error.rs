//! Why pages cannot be served.

/// Pages cannot be served. Its `Display` is an English sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LiveError {
    /// Another process listens there.
    #[error("port {port} is in use: another process listens there")]
    InUse {
        /// The port.
        port: u16,
    },
    /// The system does not let it be listened to.
    #[error("the system does not let port {port} be listened to: {why}")]
    Refused {
        /// The port.
        port: u16,
        /// What the system says.
        why: String,
    },
    /// There is no free port, or no loopback interface.
    #[error("the system gives no port to listen to: {why}")]
    NoPort {
        /// What the system says.
        why: String,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers, which the page's address needs: {why}")]
    NoRandomness {
        /// What the system says.
        why: String,
    },
    /// The system does not let the server begin.
    #[error("the system refuses what the server of the page needs: {why}")]
    NoServer {
        /// What the system says.
        why: String,
    },
}

//! Pages that are served while a process runs: a training or a search that goes on, and all runs below a
//! folder.
//!
//! Any web page in the same browser can send requests to this computer, so the door is narrow. It listens on
//! the loopback interface alone; [`guard`] lets nobody in who names another host, comes from another page, or
//! does not know the token in the address that was printed; and there are no paths but those written here:
//! nothing in a request ever names a file.
//!
//! A training is never slowed by who looks at it. What happens is written on a [`board`], as often as an eye
//! can see; the server's own thread reads it there for each page that asks, at that page's pace. Searches have
//! a [board of their own](search_board).

mod board;
mod door;
mod error;
mod guard;
mod reporter;
mod runs;
mod search;
mod search_board;
mod shelf;
mod token;
mod training;

pub(crate) use door::Door;
pub(crate) use error::LiveError;
pub(crate) use reporter::Reporter;
pub(crate) use runs::serve as serve_runs;
pub(crate) use search::Searching;
pub(crate) use training::Training;

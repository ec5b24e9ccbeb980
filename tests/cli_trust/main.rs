//! Nothing lost and nothing mixed: runs whose files, data and processes are tampered with.
//!
//! Each test knows the weights of an undisturbed run. Whatever is done to a run, it ends with these
//! weights, or with an error; never with exit code 0 and others.

mod arithmetic;
mod damage;
mod data;
mod ends;
mod faults;
mod files;
mod place;
mod processes;
mod programs;

//! What must not break Orlo: being killed, a database that goes away, a disk without room, clients
//! that mean no good. The whole of it is `make torture`; the suite has a short version of each.
//! All of it stops by itself.

mod crash;
mod crowd;
mod disk;
mod followers;
mod idle;
mod log;
mod outage;
mod server;
mod slow;

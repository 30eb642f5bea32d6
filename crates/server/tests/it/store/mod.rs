//! What operations do to the store, on both engines.

#[macro_use]
mod world;

mod accounts;
mod audit;
mod chain;
mod dry_run;
mod ends;
mod faults;
mod guesses;
mod heads;
mod hygiene;
mod keys;
mod killed;
mod leaks;
mod leavers;
mod lists;
mod log;
mod management;
mod members;
mod notices;
mod outbox;
mod people;
mod personal;
mod pickup;
mod policies;
mod races;
mod reach;
mod reminders;
mod reveals;
mod rotations;
mod sessions;
mod signals;
mod stretches;
mod usage;
mod webhooks;
mod wishes;
mod years;

//! What operations do to the store, on both engines.

#[macro_use]
mod world;

mod accounts;
mod audit;
mod chain;
mod ends;
mod faults;
mod heads;
mod keys;
mod lists;
mod management;
mod people;
mod races;
mod reach;
mod reveals;
mod rotations;

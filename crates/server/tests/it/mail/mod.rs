//! Mail: what it reads like, and what is on the wire.

mod looks;
mod wire;

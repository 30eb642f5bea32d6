//! Has the server compiled anew when the dashboard was built anew: it is embedded as files, which cargo does not watch.

fn main() {
    println!("cargo::rerun-if-changed=../../dashboard/dist");
    println!("cargo::rerun-if-changed=build.rs");
}

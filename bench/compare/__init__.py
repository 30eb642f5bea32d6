"""Side-by-side comparison of Keyward with other servers: see bench/README.md."""

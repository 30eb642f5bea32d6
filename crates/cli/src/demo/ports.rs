//! Which addresses the demo's listeners take.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::Context as _;

/// Gateway, auth and control listener.
const DEFAULT_PORTS: [u16; 3] = [8080, 8082, 8081];

/// The addresses somebody chose, the default ones, or free ones where those are busy.
pub(super) fn choose(chosen: [Option<SocketAddr>; 3]) -> anyhow::Result<[SocketAddr; 3]> {
    let mut listen = DEFAULT_PORTS.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    for (address, chosen) in listen.iter_mut().zip(chosen) {
        match chosen {
            Some(chosen) => {
                // The gateway shares its port between threads, and so would with another Keyward: look first.
                let found = TcpListener::bind(chosen).and_then(|listener| listener.local_addr());
                *address = found.with_context(|| format!("the address {chosen} can't be used"))?;
            }
            // What is printed and mailed names the port: it has to be known beforehand.
            None if is_busy(*address) => *address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?,
            None => {}
        }
    }
    Ok(listen)
}

fn is_busy(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_address_that_somebody_chose_is_refused() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("its address");
        assert!(is_busy(address));
        assert!(choose([Some(address), None, None]).is_err());
    }
}

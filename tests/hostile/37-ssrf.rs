use std::sync::Arc;

use stockade_workflow::Grant;

use crate::net::{denied, fetch, local, request, send};
use crate::server::{Server, ok};
use crate::world::World;

/// Names and addresses of this machine, at a port at which a server listens.
const HERE: [&str; 9] = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:7f00:1]",
    "pay.example.com",
    "localhost",
    "mixed.example.com",
];
const ELSEWHERE: [&str; 11] = [
    "169.254.169.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[64:ff9b::a9fe:a9fe]",
    "[::ffff:a9fe:a9fe]",
    "metadata.example.com",
    "255.255.255.255",
];
/// Other spellings of what is granted, and what only looks like it.
const SPELLINGS: [&str; 10] = [
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "127.0.0.1.",
    "pay.example.com.",
    "localhost.",
    "xn--py-1kc.example.com",
    "pay.example.com@127.0.0.1",
];

/// Whatever a name says, what counts is where it leads; and a host has one spelling. Nothing arrives.
pub(crate) async fn run(world: Arc<World>) {
    let server = Server::saying(&ok("")).await;
    let port = server.port;
    for host in HERE {
        let place = format!("GET http://{host}:{port}/");
        // One address is granted, of a name that has two.
        let grant = if host.starts_with("mixed") { local(&place) } else { Grant::http(&place) };
        let message = denied(send(&fetch(&world, &[grant]), request(&place)).await);
        assert!(message.contains("not on the internet"), "{message}");
    }
    for host in ELSEWHERE {
        let place = format!("GET http://{host}/latest/meta-data");
        let message = denied(send(&fetch(&world, &[Grant::http(&place)]), request(&place)).await);
        assert!(message.contains("not on the internet"), "{message}");
    }
    let granted = ["127.0.0.1", "pay.example.com"].map(|host| local(&format!("GET http://{host}:{port}/")));
    let tool = fetch(&world, &granted);
    for host in SPELLINGS {
        denied(send(&tool, request(&format!("GET http://{host}:{port}/"))).await);
    }
    assert_eq!(server.got(), [""; 0]);
    // All this is about the addresses, for with them granted the request arrives.
    send(&tool, request(&format!("GET http://PAY.example.com:{port}/"))).await.unwrap();
    assert_eq!(server.got().len(), 1);
}

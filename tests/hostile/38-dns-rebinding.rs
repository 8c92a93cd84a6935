use std::sync::Arc;

use stockade_workflow::Grant;

use crate::net::{denied, fetch, local, request, send};
use crate::server::{Piece, Server, ok};
use crate::world::World;

/// Of two answers to one question, the one that was checked is connected to: "localhost" is 127.0.0.3 when it is
/// checked, and would be 127.0.0.1 if the system were asked again.
pub(crate) async fn run(world: Arc<World>) {
    let wrong = Server::saying(&ok("wrong")).await;
    let answer = Arc::new(|_: &str| vec![Piece::Bytes(ok("right").into_bytes())]);
    let right = Server::at("127.0.0.3".parse().unwrap(), wrong.port, None, answer).await;
    let place = format!("GET http://localhost:{}/", right.port);
    let tool = fetch(&world, &[Grant::http(&place).addresses(["127.0.0.3"])]);
    assert_eq!(send(&tool, request(&place)).await.unwrap()["body"], "right");
    // And with the other answer granted, nothing is sent to either.
    denied(send(&fetch(&world, &[local(&place)]), request(&place)).await);
    assert_eq!((right.got().len(), wrong.got().len()), (1, 0));
}

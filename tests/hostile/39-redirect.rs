use std::sync::Arc;

use serde_json::json;
use stockade_workflow::Grant;

use crate::net::{denied, fetch, local, request, send, with};
use crate::server::{Server, ok};
use crate::world::{SECRET, World};

/// A redirect is an answer. What the guest makes of it is a request like any other, with rights and secrets of its own.
pub(crate) async fn run(world: Arc<World>) {
    let inside = Server::saying(&ok("inside")).await;
    for status in [301, 302, 303, 307, 308] {
        let moved =
            format!("HTTP/1.1 {status} Go\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n", inside.port);
        let server = Server::saying(&moved).await;
        let place = format!("GET http://pay.example.com:{}/", server.port);
        let elsewhere = format!("GET http://evil.example.com:{}/", inside.port);
        let secret = Grant::secret("key", "pay.example.com", "authorization");
        let tool = fetch(&world, &[local(&place), local(&elsewhere), secret]);
        let bearer = |place: &str| {
            let request = with(request(place), "headers", json!([["authorization", "Bearer {secret}"]]));
            with(request, "secret", json!("key"))
        };
        let answer = send(&tool, bearer(&place)).await.unwrap();
        assert_eq!(answer["status"], status);
        assert!(server.got()[0].contains(SECRET));
        let location = answer["headers"][0][1].as_str().unwrap();
        denied(send(&tool, request(&format!("GET {location}"))).await);
        // To a host that is granted, but not for the secret.
        denied(send(&tool, bearer(&elsewhere)).await);
    }
    assert_eq!(inside.got(), [""; 0]);
}

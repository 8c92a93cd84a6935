//! A server that answers when a test says so: what is asked of it is in flight until then.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

/// A server that tells of each request and answers it with "ok" when it is told to, and its port.
pub fn gated() -> (u16, Receiver<String>, Sender<()>) {
    gated_with("ok")
}

/// The same, with this answer. It serves one request after the other.
pub fn gated_with(says: &'static str) -> (u16, Receiver<String>, Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ((asked, asking), (answer, answering)) = (channel(), channel());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The test may have ended.
            let _ = asked.send(request(&mut stream));
            if answering.recv().is_err() {
                return;
            }
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", says.len());
            let _ = stream.write_all((head + says).as_bytes());
        }
    });
    (port, asking, answer)
}

/// A server that answers requests with "ok" once it has so many of them, and its port.
pub fn answers_together(of: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        loop {
            let mut streams: Vec<_> = listener.incoming().take(of).map(Result::unwrap).collect();
            streams.iter_mut().for_each(|stream| drop(request(stream)));
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
            for mut stream in streams {
                // The test may have ended.
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    port
}

/// Reads a request: its head, and as much behind it as the head says.
fn request(stream: &mut TcpStream) -> String {
    let (mut got, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        got += &String::from_utf8_lossy(&buffer[..read]);
        let is_whole = got.split_once("\r\n\r\n").is_some_and(|(head, body)| body.len() >= length(head));
        if read == 0 || is_whole {
            return got;
        }
    }
}

fn length(head: &str) -> usize {
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.map_or(0, |length| length.parse().unwrap())
}

//! A way to a PostgreSQL server that breaks at a message of what is asked next, or of the answer to it.

use std::io::{Read as _, Result, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Where the connection breaks on which the next thing is asked. A statement of a journal is five messages: parse, bind, describe,
/// execute, and the sync that commits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Whose message it is.
    pub side: Side,
    /// So many messages arrive.
    pub whole: usize,
    /// And half of one more. Without it, the connection breaks as soon as the others are on their way.
    pub half: bool,
}

/// Where a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// From the journal.
    Client,
    /// From the server.
    Server,
}

/// How many messages a statement is.
const ASKED: usize = 5;

/// How many messages the shortest answer is, of a statement without rows; with one, there is one more.
const ANSWERED: usize = 6;

impl Cut {
    /// All places: before anything is sent, at and in each message of the statement, right after the last of them, and at and in
    /// each message of the answer.
    pub fn all() -> impl Iterator<Item = Self> {
        let sides = [(Side::Client, ASKED), (Side::Server, ANSWERED)];
        sides.into_iter().flat_map(|(side, messages)| {
            let whole = (0..=messages).map(move |whole| Self { side, whole, half: false });
            whole.chain((0..messages).map(move |whole| Self { side, whole, half: true }))
        })
    }
}

/// The way.
pub struct Wire {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// What is to break, and how many messages of its side have passed.
#[derive(Default)]
struct State {
    cut: Option<Cut>,
    passed: usize,
}

/// What becomes of a message.
enum Fate {
    Passes,
    /// It arrives, and nothing after it does.
    IsLast,
    /// So much of it arrives: nothing, or half.
    Breaks {
        half: bool,
    },
}

impl State {
    fn fate(&mut self, side: Side) -> Fate {
        let Some(cut) = self.cut.filter(|cut| cut.side == side) else { return Fate::Passes };
        let fate = match (self.passed == cut.whole, self.passed + 1 == cut.whole) {
            (true, _) => Fate::Breaks { half: cut.half },
            (false, true) if !cut.half => Fate::IsLast,
            (false, _) => Fate::Passes,
        };
        self.passed += 1;
        if !matches!(fate, Fate::Passes) {
            self.cut = None;
        }
        fate
    }
}

impl Wire {
    /// Makes a way to a server, `HOST:PORT`.
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::<Mutex<State>>::default());
        let (server, shared) = (server.to_owned(), Arc::clone(&state));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                for (from, to, side) in [(&client, &server, Side::Client), (&server, &client, Side::Server)] {
                    let (from, to, state) = (from.try_clone().unwrap(), to.try_clone().unwrap(), Arc::clone(&shared));
                    std::thread::spawn(move || carry(from, to, side, &state));
                }
            }
        });
        Self { address, state }
    }

    /// Where a client connects to, as `HOST:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Has the connection break on which the next thing is asked.
    pub fn cut(&self, cut: Cut) {
        *self.state.lock().unwrap() = State { cut: Some(cut), passed: 0 };
    }

    /// Whether it is broken.
    pub fn has_cut(&self) -> bool {
        self.state.lock().unwrap().cut.is_none()
    }
}

/// Carries messages until there is an end, and then lets both sides know.
fn carry(mut from: TcpStream, mut to: TcpStream, side: Side, state: &Mutex<State>) {
    // What a client says first has no type.
    let mut has_type = side == Side::Server;
    while let Ok(message) = message(&mut from, has_type) {
        has_type = true;
        let fate = state.lock().unwrap().fate(side);
        let (arrives, goes_on) = match fate {
            Fate::Passes => (message.len(), true),
            Fate::IsLast => (message.len(), false),
            Fate::Breaks { half } => (if half { message.len() / 2 } else { 0 }, false),
        };
        if to.write_all(&message[..arrives]).is_err() || !goes_on {
            break;
        }
    }
    for stream in [&from, &to] {
        // The other side may have done so.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// Reads a message: its type, if it has one, and its length, which counts itself.
fn message(from: &mut TcpStream, has_type: bool) -> Result<Vec<u8>> {
    let head = usize::from(has_type) + 4;
    let mut message = vec![0; head];
    from.read_exact(&mut message)?;
    let length = message[head - 4..].iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
    message.resize(head - 4 + length, 0);
    from.read_exact(&mut message[head..])?;
    Ok(message)
}

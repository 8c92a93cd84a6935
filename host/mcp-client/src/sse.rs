//! Events that a server sends in one answer.

use crate::message::MESSAGE_BYTES_MAX;

/// Reads the data of events out of the bytes of an answer.
#[derive(Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    data: String,
    has_data: bool,
    /// Whether the last byte was a carriage return, which a line feed may follow that ends no further line.
    after_return: bool,
}

impl Events {
    /// Takes in bytes, and returns the data of the events that end in them.
    ///
    /// # Errors
    ///
    /// An event is too long, or is not UTF-8.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Vec<String>, String> {
        let mut ended = Vec::new();
        for byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => ended.extend(self.line()?),
                other => self.line.push(*other),
            }
            if self.line.len() + self.data.len() > MESSAGE_BYTES_MAX {
                return Err(format!("it has sent an event of more than {MESSAGE_BYTES_MAX} bytes"));
            }
        }
        Ok(ended)
    }

    /// Takes in a line, and returns the data of the event that it ends.
    fn line(&mut self) -> Result<Option<String>, String> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return Ok(std::mem::take(&mut self.has_data).then_some(data));
        }
        let line = String::from_utf8(line).map_err(|_| "it has sent an event that is not UTF-8".to_owned())?;
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        if field == "data" {
            if std::mem::replace(&mut self.has_data, true) {
                self.data.push('\n');
            }
            self.data.push_str(value.strip_prefix(' ').unwrap_or(value));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let text = ": hello\r\nevent: message\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nid: 7\n\ndata:two\n\ndata: rest";
        for size in [1, 2, 3, 7, text.len()] {
            let mut events = Events::default();
            let found: Vec<_> = text.as_bytes().chunks(size).flat_map(|chunk| events.take(chunk).unwrap()).collect();
            assert_eq!(found, ["{\"a\":\n1}", "two"], "{size}");
        }
    }

    #[test]
    fn an_event_has_an_end() {
        let mut events = Events::default();
        let chunk = vec![b'x'; 1 << 20];
        assert!((0..9).any(|_| events.take(&chunk).is_err_and(|why| why.contains("bytes"))));
        assert!(Events::default().take(b"data: \xff\n").is_err());
    }
}

//! `vsnprintf`, with which QuickJS writes stacks: a few texts and numbers each, for which its libc takes three times as long.
//! The linker gives each call of it to `__wrap_vsnprintf`.

use std::ffi::{CStr, c_char, c_int};

unsafe extern "C" {
    fn __real_vsnprintf(to: *mut c_char, size: usize, format: *const c_char, arguments: *const u32) -> c_int;
}

/// Writes a format of texts and numbers alone; any other is the libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_vsnprintf(to: *mut u8, size: usize, format: *const c_char, arguments: *const u32) -> c_int {
    // SAFETY: the caller gives a format that ends, the arguments that it wants, and a buffer of that size.
    unsafe {
        let mut written = Written { to, size, length: 0 };
        match written.format(CStr::from_ptr(format).to_bytes(), arguments) {
            Some(()) => written.end(),
            None => __real_vsnprintf(to.cast(), size, format, arguments),
        }
    }
}

/// What is written to a buffer, cut where it is full.
struct Written {
    to: *mut u8,
    size: usize,
    length: usize,
}

impl Written {
    /// The arguments lie one after the other, a word each: a pointer or an `int`.
    unsafe fn format(&mut self, mut format: &[u8], mut arguments: *const u32) -> Option<()> {
        while let Some(at) = format.iter().position(|byte| *byte == b'%') {
            // SAFETY: the caller gives the arguments that the format wants.
            unsafe {
                self.put(&format[..at]);
                match format.get(at + 1)? {
                    b's' if *arguments != 0 => self.put(CStr::from_ptr(*arguments as *const c_char).to_bytes()),
                    b'd' => self.put((*arguments as c_int).to_string().as_bytes()),
                    _ => return None,
                }
                arguments = arguments.add(1);
            }
            format = &format[at + 2..];
        }
        // SAFETY: as above.
        unsafe { self.put(format) };
        Some(())
    }

    unsafe fn put(&mut self, text: &[u8]) {
        let at = self.length.min(self.size.saturating_sub(1));
        let room = self.size.saturating_sub(at + 1).min(text.len());
        // SAFETY: there is room in the buffer.
        unsafe { self.to.add(at).copy_from_nonoverlapping(text.as_ptr(), room) };
        self.length += text.len();
    }

    /// Ends the text, and returns how long it would be if nothing had been cut.
    unsafe fn end(self) -> c_int {
        if self.size > 0 {
            // SAFETY: the last byte at most.
            unsafe { *self.to.add(self.length.min(self.size - 1)) = 0 };
        }
        self.length as c_int
    }
}

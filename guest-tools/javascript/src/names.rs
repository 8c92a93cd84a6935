//! The names and the values of an object, without the context being counted for each of them.

use std::borrow::Cow;
use std::ptr;

use rquickjs::{Error, Object, Result, Value, qjs};

use crate::kept::Kept;
use crate::text;

/// The names of what an object has itself and shows to a loop, with the object.
pub(crate) struct Names<'a, 'js> {
    object: &'a Object<'js>,
    names: *mut qjs::JSPropertyEnum,
    count: u32,
}

impl<'a, 'js> Names<'a, 'js> {
    pub(crate) fn of(object: &'a Object<'js>) -> Result<Self> {
        let (mut names, mut count) = (ptr::null_mut(), 0);
        let which = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY) as qjs::c_int;
        let ctx = object.ctx().as_raw().as_ptr();
        // SAFETY: the object lives, and there is room for a pointer and a number.
        let is_ok =
            unsafe { qjs::JS_GetOwnPropertyNames(ctx, &raw mut names, &raw mut count, object.as_raw(), which) } == 0;
        if is_ok { Ok(Self { object, names, count }) } else { Err(Error::Exception) }
    }

    /// Each name with its value, which is read as it is asked for.
    pub(crate) fn values(&self) -> impl Iterator<Item = Result<(Name, Value<'js>)>> {
        (0..self.count as usize).map(|number| {
            let ctx = self.object.ctx();
            // SAFETY: there are so many names until this is dropped.
            let atom = unsafe { (*self.names.add(number)).atom };
            let value = Kept::property(self.object, atom)?.into_value(ctx);
            // SAFETY: the context lives, and the name does.
            Ok((unsafe { Name::of(ctx.as_raw().as_ptr(), atom) }?, value))
        })
    }
}

impl Drop for Names<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: the names are this one's to free.
        unsafe { qjs::JS_FreePropertyEnum(self.object.ctx().as_raw().as_ptr(), self.names, self.count) };
    }
}

/// A name, as QuickJS writes it.
pub(crate) struct Name {
    ctx: *mut qjs::JSContext,
    text: *const qjs::c_char,
    length: qjs::size_t,
}

impl Name {
    /// # Safety
    /// The context and the atom live, and the context outlives the name.
    unsafe fn of(ctx: *mut qjs::JSContext, atom: qjs::JSAtom) -> Result<Self> {
        let mut length = 0;
        // SAFETY: there is room for the length.
        let text = unsafe { qjs::JS_AtomToCStringLen(ctx, &raw mut length, atom) };
        if text.is_null() { Err(Error::Exception) } else { Ok(Self { ctx, text, length }) }
    }

    pub(crate) fn text(&self) -> Cow<'_, str> {
        // SAFETY: the pointer and the length are those of the text, which lives as long as it is looked at.
        text::well_formed(unsafe { std::slice::from_raw_parts(self.text.cast(), self.length as usize) })
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // SAFETY: the text is this one's to free.
        unsafe { qjs::JS_FreeCString(self.ctx, self.text) };
    }
}

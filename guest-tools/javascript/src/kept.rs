//! Values that the guest keeps, and promises of its own, as QuickJS itself has them.
//!
//! Each value of rquickjs counts as a user of the context, which was a tenth of a call of a tool. These do not: there is one
//! context, and it is never given up.

use rquickjs::{Ctx, Error, Object, Result, Value, qjs};

/// A value that is freed when it is dropped.
pub(crate) struct Kept {
    ctx: *mut qjs::JSContext,
    value: qjs::JSValue,
}

impl Kept {
    /// Takes over what a function of QuickJS has returned, which is an exception if it has thrown.
    ///
    /// # Safety
    /// The value is of this context, and the caller's to give away.
    pub(crate) unsafe fn new(ctx: &Ctx<'_>, value: qjs::JSValue) -> Result<Self> {
        // SAFETY: this only looks at the tag.
        if unsafe { qjs::JS_VALUE_GET_NORM_TAG(value) } == qjs::JS_TAG_EXCEPTION {
            return Err(Error::Exception);
        }
        Ok(Self { ctx: ctx.as_raw().as_ptr(), value })
    }

    /// Keeps a value that is another's, too.
    ///
    /// # Safety
    /// The value lives, and is of this context.
    pub(crate) unsafe fn also(ctx: &Ctx<'_>, value: qjs::JSValue) -> Self {
        let ctx = ctx.as_raw().as_ptr();
        // SAFETY: as the caller says.
        Self { ctx, value: unsafe { qjs::JS_DupValue(ctx, value) } }
    }

    /// What an object has under a name. That may run code.
    pub(crate) fn property(object: &Object<'_>, name: qjs::JSAtom) -> Result<Self> {
        let ctx = object.ctx();
        // SAFETY: the object and the name live, and what is returned is the caller's.
        unsafe { Self::new(ctx, qjs::JS_GetProperty(ctx.as_raw().as_ptr(), object.as_raw(), name)) }
    }

    pub(crate) fn as_raw(&self) -> qjs::JSValue {
        self.value
    }

    pub(crate) fn is_undefined(&self) -> bool {
        // SAFETY: this only looks at the tag.
        unsafe { qjs::JS_IsUndefined(self.value) }
    }

    /// The same as a value of rquickjs.
    pub(crate) fn into_value<'js>(self, ctx: &Ctx<'js>) -> Value<'js> {
        let value = std::mem::ManuallyDrop::new(self).value;
        // SAFETY: the value is of the one context, and was this one's to give away.
        unsafe { Value::from_raw(ctx.clone(), value) }
    }

    /// Calls it with one argument, as a function.
    fn call(&self, ctx: &Ctx<'_>, argument: &Value<'_>) -> Result<()> {
        let mut argument = argument.as_raw();
        // SAFETY: the function and its argument live, and what it returns is the caller's.
        unsafe { Self::new(ctx, qjs::JS_Call(self.ctx, self.value, qjs::JS_UNDEFINED, 1, &raw mut argument)) }.map(drop)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: the context lives, and the value is this one's to free.
        unsafe { qjs::JS_FreeValue(self.ctx, self.value) };
    }
}

/// What settles a promise.
pub(crate) struct Settles {
    resolve: Kept,
    reject: Kept,
}

impl Settles {
    /// Makes a promise, whatever code has made of `Promise`.
    pub(crate) fn promise<'js>(ctx: &Ctx<'js>) -> Result<(Value<'js>, Self)> {
        let mut functions = [qjs::JS_UNDEFINED; 2];
        // SAFETY: there is room for two functions. They and the promise are the caller's, and are there if it is no exception.
        unsafe {
            let promise = Kept::new(ctx, qjs::JS_NewPromiseCapability(ctx.as_raw().as_ptr(), functions.as_mut_ptr()))?;
            let [resolve, reject] = functions;
            let settles = Self { resolve: Kept::new(ctx, resolve)?, reject: Kept::new(ctx, reject)? };
            Ok((promise.into_value(ctx), settles))
        }
    }

    pub(crate) fn resolve(self, ctx: &Ctx<'_>, value: &Value<'_>) -> Result<()> {
        self.resolve.call(ctx, value)
    }

    pub(crate) fn reject(self, ctx: &Ctx<'_>, reason: &Value<'_>) -> Result<()> {
        self.reject.call(ctx, reason)
    }
}

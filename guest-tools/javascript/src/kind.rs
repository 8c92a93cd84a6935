//! What the language itself does not tell of a value: whether it is a Proxy, and what has become of a promise.

use rquickjs::{Array, Ctx, Result, Value, qjs};

/// What a Proxy stands for, without its traps: `undefined` of what is no Proxy, and null of one that was revoked.
pub(crate) fn target<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<Value<'js>> {
    part(ctx, &value, qjs::JS_GetProxyTarget)
}

/// What the traps of a Proxy are of.
pub(crate) fn handler<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<Value<'js>> {
    part(ctx, &value, qjs::JS_GetProxyHandler)
}

type Part = unsafe extern "C" fn(*mut qjs::JSContext, qjs::JSValue) -> qjs::JSValue;

fn part<'js>(ctx: Ctx<'js>, value: &Value<'js>, of: Part) -> Result<Value<'js>> {
    // SAFETY: both live; the part comes with a reference of its own, which the value takes.
    let part = unsafe {
        if !qjs::JS_IsProxy(value.as_raw()) {
            return Ok(Value::new_undefined(ctx));
        }
        Value::from_raw(ctx.clone(), of(ctx.as_raw().as_ptr(), value.as_raw()))
    };
    if part.is_object() {
        return Ok(part);
    }
    drop(ctx.catch());
    Ok(Value::new_null(ctx))
}

/// `[WHETHER IT WAS REJECTED, VALUE OR REASON]` of a promise that has one, `[]` of one that waits, else `undefined`.
pub(crate) fn promise<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<Value<'js>> {
    let raw = ctx.as_raw().as_ptr();
    // SAFETY: both live.
    let state = unsafe { qjs::JS_PromiseState(raw, value.as_raw()) };
    if state == qjs::JSPromiseStateEnum_JS_PROMISE_NOT_A_PROMISE {
        return Ok(Value::new_undefined(ctx));
    }
    let told = Array::new(ctx.clone())?;
    if state != qjs::JSPromiseStateEnum_JS_PROMISE_PENDING {
        // SAFETY: both live; the result comes with a reference of its own, which the value takes.
        let held = unsafe { Value::from_raw(ctx, qjs::JS_PromiseResult(raw, value.as_raw())) };
        told.set(0, state == qjs::JSPromiseStateEnum_JS_PROMISE_REJECTED)?;
        told.set(1, held)?;
    }
    Ok(told.into_value())
}

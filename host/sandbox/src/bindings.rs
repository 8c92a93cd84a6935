//! What wasmtime makes of our own WIT, and of the drafts of WASI that it has no host of its own for.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package stockade:sandbox;

        world guest {
            import stockade:host/sql@0.1.0;
            import stockade:host/effect@0.1.0;
            import stockade:host/secrets@0.1.0;
            import stockade:host/tools@0.1.0;
            import wasi:config/store@0.2.0-rc.1;
            import wasi:keyvalue/store@0.2.0-draft;
            import wasi:keyvalue/atomics@0.2.0-draft;
            import wasi:keyvalue/batch@0.2.0-draft;
            import wasi:logging/logging@0.1.0-draft;
            export stockade:host/code@0.1.0;
        }
    ",
    imports: {
        "stockade:host/sql": async | trappable,
        "wasi:keyvalue/store": async | trappable,
        "wasi:keyvalue/atomics": async | trappable,
        "wasi:keyvalue/batch": async | trappable,
        default: trappable,
    },
    exports: {
        default: async,
    },
    with: {
        "wasi:keyvalue/store.bucket": crate::kv::Handle,
    },
});

pub(crate) use exports::stockade::host::code;
pub(crate) use stockade::host::{effect, secrets, sql, tools};
pub(crate) use wasi::config::store as config;
pub(crate) use wasi::keyvalue;
pub(crate) use wasi::logging::logging;

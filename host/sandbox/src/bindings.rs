//! What wasmtime makes of our own WIT.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package stockade:sandbox;

        world guest {
            import stockade:host/sql@0.1.0;
            import stockade:host/effect@0.1.0;
            import stockade:host/secrets@0.1.0;
        }
    ",
    imports: {
        "stockade:host/sql": async | trappable,
        default: trappable,
    },
});

pub(crate) use stockade::host::{effect, secrets, sql};

//! What wasmtime makes of the interface that an interpreter exports. The interfaces that a guest imports are in the rooms of
//! the capabilities.

wasmtime::component::bindgen!({
    path: "wit",
    inline: "
        package stockade:sandbox;

        world guest {
            export stockade:host/code@0.1.0;
        }
    ",
    exports: { default: async },
});

pub(crate) use exports::stockade::host::code;

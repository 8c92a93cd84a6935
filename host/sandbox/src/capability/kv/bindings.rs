wasmtime::component::bindgen!({
    path: "wit",
    inline: "
        package stockade:sandbox;

        world guest {
            import wasi:keyvalue/store@0.2.0-draft;
            import wasi:keyvalue/atomics@0.2.0-draft;
            import wasi:keyvalue/batch@0.2.0-draft;
        }
    ",
    imports: { default: async | trappable },
    with: { "wasi:keyvalue/store.bucket": super::Handle },
});

//! The bench's tool as a lean guest.

use lean as _; // the allocator

wit_bindgen::generate!({ path: "wit", world: "tool" });

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn call(name: String, args_json: String) -> Result<String, String> {
        bench_tool::call(&name, &args_json)
    }
}

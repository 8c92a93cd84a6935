//! The bench's tool as an ordinary std guest.

wit_bindgen::generate!({ path: "wit", world: "tool" });

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn call(name: String, args_json: String) -> Result<String, String> {
        bench_tool::call(&name, &args_json)
    }

    fn linger(name: String, args_json: String) {
        std::hint::black_box(bench_tool::call(&name, &args_json)).ok();
        loop {
            std::hint::spin_loop();
        }
    }
}

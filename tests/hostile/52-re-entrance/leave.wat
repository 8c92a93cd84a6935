;; Calls the host while the host is still putting the arguments, or taking back the result.
;; call: while_entering {"text": "abc"}
;; expect: trap CannotLeaveComponent
;; call: while_returning
;; expect: trap CannotLeaveComponent
(component
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $m
    (import "host" "now" (func $now (result i64)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (drop (call $now)) (i32.const 16))
    (func (export "take") (param i32 i32))
    (func (export "give") (result i32) (i32.const 1))
    (func (export "after") (param i32) (drop (call $now))))
  (core instance $i (instantiate $m (with "host" (instance (export "now" (func $now))))))
  (func (export "while-entering") (param "text" string)
    (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "while-returning") (result u32)
    (canon lift (core func $i "give") (memory (core memory $i "memory")) (post-return (core func $i "after")))))

;; Never finishes with what surrounds a call: the place for an argument, the clean-up after a result.
;; call: entering {"text": "abc"}
;; limits: fuel=1000000
;; expect: fuel fuel
;; call: returning
;; limits: fuel=1000000
;; expect: fuel fuel
;; call: entering {"text": "abc"}
;; limits: fuel=18446744073709551615 wall_us=10000
;; expect: deadline wall_us
;; call: returning
;; limits: fuel=18446744073709551615 wall_us=10000
;; expect: deadline wall_us
(component
  (core module $m
    (memory (export "memory") 1)
    (func $spin (loop $again (br $again)))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $spin) (i32.const 16))
    (func (export "take") (param i32 i32))
    (func (export "give") (result i32) (i32.const 1))
    (func (export "after") (param i32) (call $spin)))
  (core instance $i (instantiate $m))
  (func (export "entering") (param "text" string)
    (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "returning") (result u32)
    (canon lift (core func $i "give") (memory (core memory $i "memory")) (post-return (core func $i "after")))))

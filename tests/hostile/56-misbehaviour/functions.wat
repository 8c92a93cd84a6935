;; Traps, or grows, where it is only to find room or to clean up.
;; call: realloc_traps {"text": "abc"}
;; expect: trap UnreachableCodeReached
;; call: realloc_grows {"text": "abc"}
;; expect: ok
;; call: realloc_takes_all {"text": "abc"}
;; expect: memory memory_bytes
;; call: realloc_recurses {"text": "abc"}
;; expect: stack stack_bytes
;; call: after_traps
;; expect: trap UnreachableCodeReached
;; call: after_takes_all
;; expect: memory memory_bytes
(component
  (core module $m
    (memory (export "memory") 1)
    (func $grow (loop $again (drop (memory.grow (i32.const 16))) (br $again)))
    (func (export "traps") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "grows") (param i32 i32 i32 i32) (result i32)
      (i32.shl (memory.grow (i32.const 1)) (i32.const 16)))
    (func (export "takes-all") (param i32 i32 i32 i32) (result i32) (call $grow) (i32.const 16))
    (func $recurses (export "recurses") (param i32 i32 i32 i32) (result i32)
      (i32.add (i32.const 1)
        (call $recurses (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
    (func (export "take") (param i32 i32))
    (func (export "give") (result i32) (i32.const 1))
    (func (export "after-traps") (param i32) unreachable)
    (func (export "after-takes-all") (param i32) (call $grow)))
  (core instance $i (instantiate $m))
  (func (export "realloc-traps") (param "text" string)
    (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "traps"))))
  (func (export "realloc-grows") (param "text" string)
    (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "grows"))))
  (func (export "realloc-takes-all") (param "text" string)
    (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "takes-all"))))
  (func (export "realloc-recurses") (param "text" string)
    (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "recurses"))))
  (func (export "after-traps") (result u32)
    (canon lift (core func $i "give") (memory (core memory $i "memory")) (post-return (core func $i "after-traps"))))
  (func (export "after-takes-all") (result u32)
    (canon lift (core func $i "give") (memory (core memory $i "memory")) (post-return (core func $i "after-takes-all")))))

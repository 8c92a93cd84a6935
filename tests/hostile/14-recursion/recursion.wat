;; Calls itself without end: directly, through a table, with a large frame.
;; call: direct
;; expect: stack stack_bytes
;; call: indirect
;; expect: stack stack_bytes
;; call: wide
;; expect: stack stack_bytes
;; call: direct {"nested": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}
;; expect: invalid schema
(component
  (core module $m
    (type $f (func (result i32)))
    (table $table 1 funcref)
    (elem (i32.const 0) $indirect)
    (func $direct (export "direct") (result i32) (i32.add (i32.const 1) (call $direct)))
    (func $indirect (export "indirect") (result i32)
      (i32.add (i32.const 1) (call_indirect $table (type $f) (i32.const 0))))
    (func $wide (export "wide") (result i32)
      (call $eight (call $wide) (call $wide) (call $wide) (call $wide)
        (call $wide) (call $wide) (call $wide) (call $wide)))
    (func $eight (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (local.get 7)))
  (core instance $i (instantiate $m))
  (func (export "direct") (result u32) (canon lift (core func $i "direct")))
  (func (export "indirect") (result u32) (canon lift (core func $i "indirect")))
  (func (export "wide") (result u32) (canon lift (core func $i "wide"))))

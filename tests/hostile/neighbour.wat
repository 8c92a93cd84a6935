;; The tool of the other tenant.
(component
  (core module $m
    (memory 16)
    (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func $deep (param i32) (result i64)
      (if (result i64) (local.get 0)
        (then (i64.add (i64.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
        (else (loop $again (br $again)) (unreachable))))
    ;; Touches a megabyte of its memory and much of its stack, and stays.
    (func (export "occupy")
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x100000))
      (drop (call $deep (i32.const 20000)))))
  (core instance $i (instantiate $m))
  (func (export "occupy") (canon lift (core func $i "occupy")))
  (func (export "double") (param "number" u32) (result u32) (canon lift (core func $i "double"))))

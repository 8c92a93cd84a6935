;; Returns a list of a thousand lists of a thousand lists, and so on, all of them the same few bytes.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "wide") (result i32)
      (local $at i32)
      ;; A thousand times: the address 16, the length 1,000.
      (local.set $at (i32.const 8))
      (loop $again
        (i32.store (local.get $at) (i32.const 16))
        (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 1000))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $again (i32.lt_u (local.get $at) (i32.const 8016))))
      (i32.const 8)))
  (core instance $i (instantiate $m))
  (func (export "wide") (result (list (list (list (list (list (list u8)))))))
    (canon lift (core func $i "wide") (memory (core memory $i "memory")))))

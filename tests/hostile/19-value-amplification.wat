;; Returns lists that are large in the host and small in the guest: many lists of the same few bytes, empty lists, and
;; single bytes, each of which takes forty there. The numbers are in the Rust file.
(component
  (core module $m
    (memory (export "memory") 64)
    ;; So many times the address 16 and a length.
    (func (export "lists") (param $count i32) (param $length i32) (result i32)
      (local $at i32)
      (local.set $at (i32.const 16))
      (loop $again
        (i32.store (local.get $at) (i32.const 16))
        (i32.store (i32.add (local.get $at) (i32.const 4)) (local.get $length))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $again (i32.lt_u (local.get $at) (i32.add (i32.const 16) (i32.shl (local.get $count) (i32.const 3))))))
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (local.get $count))
      (i32.const 0))
    (func (export "bytes") (param $count i32) (result i32)
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (local.get $count))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "lists") (param "count" u32) (param "length" u32) (result (list (list u8)))
    (canon lift (core func $i "lists") (memory (core memory $i "memory"))))
  (func (export "bytes") (param "count" u32) (result (list u8))
    (canon lift (core func $i "bytes") (memory (core memory $i "memory")))))

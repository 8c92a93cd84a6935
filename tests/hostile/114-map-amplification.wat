;; Returns maps that are large in the host and small in the guest: a hundred thousand entries with the same long text.
;; call: entries {"count": 100000, "length": 1000000}
;; expect: hostcall_bytes or output
;; call: entries {"count": 10000, "length": 0}
;; expect: ok or output
(component
  (core module $m
    (memory (export "memory") 64)
    (func (export "entries") (param $count i32) (param $length i32) (result i32)
      (local $at i32)
      (i32.store (i32.const 0) (i32.const 64))
      (i32.store (i32.const 4) (local.get $count))
      (local.set $at (i32.const 64))
      (loop $again
        (i32.store (local.get $at) (local.get $at))
        (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 64))
        (i32.store (i32.add (local.get $at) (i32.const 8)) (local.get $length))
        (local.set $at (i32.add (local.get $at) (i32.const 12)))
        (br_if $again (i32.lt_u (local.get $at)
          (i32.add (i32.const 64) (i32.mul (local.get $count) (i32.const 12))))))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "entries") (param "count" u32) (param "length" u32) (result (map u32 string))
    (canon lift (core func $i "entries") (memory (core memory $i "memory")))))

;; Returns a map with one key a million times, which an object would show once.
;; call: same {"count": 2}
;; expect: output map
;; call: same {"count": 300000}
;; limits: memory_bytes=67108864
;; expect: output or hostcall_bytes
;; call: same {"count": 1}
;; expect: ok {"a":0}
(component
  (core module $m
    (memory (export "memory") 64)
    (func (export "same") (param $count i32) (result i32)
      (local $at i32)
      (i32.store (i32.const 0) (i32.const 64))
      (i32.store (i32.const 4) (local.get $count))
      (i32.store8 (i32.const 16) (i32.const 97))
      (local.set $at (i32.const 64))
      (loop $again
        (i32.store (local.get $at) (i32.const 16))
        (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 12)))
        (br_if $again (i32.lt_u (local.get $at)
          (i32.add (i32.const 64) (i32.mul (local.get $count) (i32.const 12))))))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "same") (param "count" u32) (result (map string u32))
    (canon lift (core func $i "same") (memory (core memory $i "memory")))))

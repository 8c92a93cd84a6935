;; A small input of which an honest algorithm makes exponential work.
;; call: fibonacci {"n": 90}
;; limits: fuel=3000000
;; expect: fuel fuel
;; call: fibonacci {"n": 90}
;; limits: fuel=18446744073709551615 wall_us=30000
;; expect: deadline wall_us
;; call: fibonacci {"n": 10}
;; expect: ok 55
(component
  (core module $m
    (func $fibonacci (export "fibonacci") (param i32) (result i64)
      (if (result i64) (i32.lt_u (local.get 0) (i32.const 2))
        (then (i64.extend_i32_u (local.get 0)))
        (else (i64.add
          (call $fibonacci (i32.sub (local.get 0) (i32.const 1)))
          (call $fibonacci (i32.sub (local.get 0) (i32.const 2))))))))
  (core instance $i (instantiate $m))
  (func (export "fibonacci") (param "n" u32) (result u64) (canon lift (core func $i "fibonacci"))))

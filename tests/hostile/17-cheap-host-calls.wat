;; A million calls that cost nothing: they are counted, and where they are not, the clock stops them.
;; call: time {"times": 1000000}
;; expect: host_calls host_calls
;; call: time {"times": 1000000000}
;; limits: fuel=18446744073709551615 host_calls=18446744073709551615 wall_us=50000
;; expect: deadline wall_us
;; call: time {"times": 1000000000}
;; limits: fuel=18446744073709551615 host_calls=18446744073709551615 host_us=20000
;; expect: deadline host_us
;; call: time {"times": 1}
;; limits: host_calls=0
;; expect: host_calls host_calls
(component
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $m
    (import "host" "now" (func $now (result i64)))
    (func (export "time") (param $times i32)
      (loop $again
        (drop (call $now))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br_if $again (local.get $times)))))
  (core instance $i (instantiate $m (with "host" (instance (export "now" (func $now))))))
  (func (export "time") (param "times" u32) (canon lift (core func $i "time"))))

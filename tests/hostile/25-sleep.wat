;; Sleeps for ever, or nearly, where it costs nothing: the deadline ends it, and so does the time it may be in the host.
;; A nap that is short enough takes none of either, and each leaves a timer behind.
;; call: sleep {"nanos": 18446744073709551615}
;; limits: wall_us=30000
;; expect: deadline wall_us
;; call: sleep {"nanos": 3600000000000}
;; limits: wall_us=30000
;; expect: deadline wall_us
;; call: sleep {"nanos": 18446744073709551615}
;; limits: host_us=30000
;; expect: deadline host_us
;; call: sleep {"nanos": 1000000}
;; expect: ok
;; call: sleep {"nanos": 0}
;; expect: ok
;; call: naps
;; expect: handles resources
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core module $m
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "block" (func $block (param i32)))
    (func $sleep (export "sleep") (param i64) (call $block (call $subscribe (local.get 0))))
    (func (export "naps") (loop $again (call $sleep (i64.const 1000000)) (br $again))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "subscribe" (func $subscribe))
    (export "block" (func $block))))))
  (func (export "sleep") (param "nanos" u64) (canon lift (core func $i "sleep")))
  (func (export "naps") (canon lift (core func $i "naps"))))

;; Measures how long something takes: nothing, a loop, a call into the host. Each takes one turn of the clock, for the
;; clock moves by being looked at, and by what the guest sleeps: 5 ms here, to the nanosecond. What is left is the time that the caller waits for the answer.
;; call: nothing
;; expect: ok 1000000
;; call: loop
;; expect: ok 1000000
;; call: host
;; expect: ok 1000000
;; call: sleep
;; expect: ok 6000000
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (core func $now (canon lower (func $clock "now")))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core module $m
    (import "host" "now" (func $now (result i64)))
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "block" (func $block (param i32)))
    (global $began (mut i64) (i64.const 0))
    (func $begin (global.set $began (call $now)))
    (func $end (result i64) (i64.sub (call $now) (global.get $began)))
    (func (export "nothing") (result i64) (call $begin) (call $end))
    (func (export "loop") (result i64)
      (local $left i32)
      (local.set $left (i32.const 1000000))
      (call $begin)
      (loop $again
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (call $end))
    (func (export "host") (result i64)
      (call $begin)
      (drop (call $subscribe (i64.const 1)))
      (call $end))
    (func (export "sleep") (result i64)
      (call $begin)
      (call $block (call $subscribe (i64.const 5000000)))
      (call $end)))
  (core instance $i (instantiate $m (with "host" (instance
    (export "now" (func $now)) (export "subscribe" (func $subscribe)) (export "block" (func $block))))))
  (func (export "nothing") (result u64) (canon lift (core func $i "nothing")))
  (func (export "loop") (result u64) (canon lift (core func $i "loop")))
  (func (export "host") (result u64) (canon lift (core func $i "host")))
  (func (export "sleep") (result u64) (canon lift (core func $i "sleep"))))

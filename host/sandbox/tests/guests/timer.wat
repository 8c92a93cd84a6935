;; Asks a timer whether it is ready, and sleeps.
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))

  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $now (canon lower (func $clock "now")))
  (core func $ready (canon lower (func $poll "[method]pollable.ready")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core module $m
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "now" (func $now (result i64)))
    (import "host" "ready" (func $ready (param i32) (result i32)))
    (import "host" "block" (func $block (param i32)))
    ;; How often a timer of 5 ms is asked until it is ready, with some work after each time.
    (func (export "asked") (result i32) (local $timer i32) (local $asked i32) (local $work i32)
      (local.set $timer (call $subscribe (i64.const 5_000_000)))
      (loop $again
        (local.set $asked (i32.add (local.get $asked) (i32.const 1)))
        (local.set $work (i32.const 10_000))
        (loop $working
          (br_if $working (local.tee $work (i32.sub (local.get $work) (i32.const 1)))))
        (br_if $again (i32.eqz (call $ready (local.get $timer)))))
      (local.get $asked))
    ;; The time after a sleep of 5 ms.
    (func (export "slept") (result i64)
      (call $block (call $subscribe (i64.const 5_000_000)))
      (call $now)))
  (core instance $i (instantiate $m (with "host" (instance
    (export "subscribe" (func $subscribe))
    (export "now" (func $now))
    (export "ready" (func $ready))
    (export "block" (func $block))))))
  (func (export "asked") (result u32) (canon lift (core func $i "asked")))
  (func (export "slept") (result u64) (canon lift (core func $i "slept"))))

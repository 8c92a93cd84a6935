;; Polls more than there can be, nothing at all, the same thing many times, and things that are always ready.
;; call: collect
;; expect: handles resources
;; call: none
;; expect: trap abi
;; call: duplicates {"count": 100000}
;; expect: handles handles
;; call: duplicates {"count": 3000}
;; expect: handles resources
;; call: duplicates {"count": 1000}
;; expect: ok
;; call: busy
;; expect: host_calls host_calls
;; call: busy
;; limits: fuel=18446744073709551615 host_calls=18446744073709551615 host_us=30000
;; expect: deadline host_us
;; call: all
;; limits: fuel=18446744073709551615 host_calls=18446744073709551615 wall_us=50000
;; expect: deadline wall_us
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (core module $memory
    (memory (export "memory") 16)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0x80000)))
  (core instance $memory (instantiate $memory))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $poll (canon lower (func $poll "poll")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $m
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "poll" (func $poll (param i32 i32 i32)))
    (import "memory" "memory" (memory 1))
    ;; Writes so many times the same handle, from 64 on.
    (func $same (param $handle i32) (param $count i32)
      (loop $again
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (i32.store (i32.add (i32.const 64) (i32.shl (local.get $count) (i32.const 2))) (local.get $handle))
        (br_if $again (local.get $count))))
    (func (export "collect")
      (loop $again (drop (call $subscribe (i64.const 1000000000))) (br $again)))
    (func (export "none") (call $poll (i32.const 64) (i32.const 0) (i32.const 0)))
    (func (export "duplicates") (param $count i32)
      (call $same (call $subscribe (i64.const 0)) (local.get $count))
      (call $poll (i32.const 64) (local.get $count) (i32.const 0)))
    (func (export "busy")
      (call $same (call $subscribe (i64.const 0)) (i32.const 1))
      (loop $again
        (call $poll (i32.const 64) (i32.const 1) (i32.const 0))
        (br $again)))
    ;; Five hundred that are never ready and one that is, so that each poll looks at all of them.
    (func (export "all")
      (local $count i32)
      (loop $again
        (i32.store (i32.add (i32.const 64) (i32.shl (local.get $count) (i32.const 2)))
          (call $subscribe (i64.const -1)))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $count) (i32.const 500))))
      (i32.store (i32.add (i32.const 64) (i32.shl (local.get $count) (i32.const 2))) (call $subscribe (i64.const 0)))
      (loop $again
        (call $poll (i32.const 64) (i32.const 501) (i32.const 0))
        (br $again))))
  (core instance $i (instantiate $m
    (with "host" (instance (export "subscribe" (func $subscribe)) (export "poll" (func $poll))))
    (with "memory" (instance $memory))))
  (func (export "collect") (canon lift (core func $i "collect")))
  (func (export "none") (canon lift (core func $i "none")))
  (func (export "duplicates") (param "count" u32) (canon lift (core func $i "duplicates")))
  (func (export "busy") (canon lift (core func $i "busy")))
  (func (export "all") (canon lift (core func $i "all"))))

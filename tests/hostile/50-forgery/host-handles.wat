;; Uses handles of the host's that it was never given, of another kind, given back, and lent out.
;; call: random {"handle": 3735928559}
;; expect: trap
;; call: random {"handle": 0}
;; expect: trap
;; call: random {"handle": 1}
;; expect: trap
;; call: other_kind
;; expect: trap
;; call: twice
;; expect: trap
;; call: afterwards
;; expect: trap
;; call: fine
;; expect: ok
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (import "wasi:io/streams@0.2.0" (instance $streams (export "output-stream" (type (sub resource)))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $output-stream'))
    (export "output-stream" (type $output-stream (eq $output-stream')))
    (export "get-stdout" (func (result (own $output-stream))))))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $drop (canon resource.drop $pollable))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core module $m
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "block" (func $block (param i32)))
    (import "host" "drop" (func $drop (param i32)))
    (import "host" "stdout" (func $stdout (result i32)))
    (func (export "random") (param i32) (call $block (local.get 0)))
    (func (export "other-kind") (call $block (call $stdout)))
    (func (export "twice")
      (local $handle i32)
      (local.set $handle (call $subscribe (i64.const 0)))
      (call $drop (local.get $handle))
      (call $drop (local.get $handle)))
    (func (export "afterwards")
      (local $handle i32)
      (local.set $handle (call $subscribe (i64.const 0)))
      (call $drop (local.get $handle))
      (call $block (local.get $handle)))
    (func (export "fine")
      (local $handle i32)
      (local.set $handle (call $subscribe (i64.const 0)))
      (call $block (local.get $handle))
      (call $drop (local.get $handle))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "subscribe" (func $subscribe)) (export "block" (func $block))
    (export "drop" (func $drop)) (export "stdout" (func $stdout))))))
  (func (export "random") (param "handle" u32) (canon lift (core func $i "random")))
  (func (export "other-kind") (canon lift (core func $i "other-kind")))
  (func (export "twice") (canon lift (core func $i "twice")))
  (func (export "afterwards") (canon lift (core func $i "afterwards")))
  (func (export "fine") (canon lift (core func $i "fine"))))

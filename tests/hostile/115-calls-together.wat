;; Hands the host lists of calls that are large there and small here: a hundred thousand calls with the same long text; and lists that
;; are not where it says. It is given no tools, so that each call is denied, and those that are too many are not even looked at.
;; call: together {"count": 3, "length": 8}
;; expect: ok 3
;; call: together {"count": 100000, "length": 1000000}
;; expect: hostcall_bytes hostcall_bytes
;; call: together {"count": 1, "length": 1000000}
;; limits: host_bytes=1000000
;; expect: hostcall_bytes host_bytes
;; call: together {"count": 10001, "length": 0}
;; expect: host_calls host_calls
;; call: lies {"at": 2147418112, "count": 1}
;; expect: trap
;; call: lies {"at": 64, "count": 4294967295}
;; expect: trap or hostcall_bytes
(component
  (import "stockade:host/tools@0.1.0" (instance $tools
    (type $error' (record (field "kind" string) (field "message" string) (field "detail" (option string))))
    (export "tool-error" (type $error (eq $error')))
    (export "call-all" (func
      (param "calls" (list (tuple string string))) (result (list (result string (error $error))))))))
  (core module $memory
    (memory (export "memory") 64)
    (global $top (mut i32) (i32.const 0x200000))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $memory (instantiate $memory))
  (core func $call-all (canon lower (func $tools "call-all")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $m
    (import "host" "memory" (memory 64))
    (import "host" "call-all" (func $call-all (param i32 i32 i32)))
    (func (export "together") (param $count i32) (param $length i32) (result i32)
      (local $at i32)
      (local.set $at (i32.const 64))
      (loop $again
        (i32.store (local.get $at) (i32.const 0x300000))
        (i32.store (i32.add (local.get $at) (i32.const 4)) (local.get $length))
        (i32.store (i32.add (local.get $at) (i32.const 8)) (i32.const 0x300000))
        (i32.store (i32.add (local.get $at) (i32.const 12)) (local.get $length))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $again (i32.lt_u (local.get $at)
          (i32.add (i32.const 64) (i32.mul (local.get $count) (i32.const 16))))))
      (call $call-all (i32.const 64) (local.get $count) (i32.const 16))
      (i32.load (i32.const 20)))
    (func (export "lies") (param $at i32) (param $count i32)
      (call $call-all (local.get $at) (local.get $count) (i32.const 16))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "memory" (memory $memory "memory")) (export "call-all" (func $call-all))))))
  (func (export "together") (param "count" u32) (param "length" u32) (result u32) (canon lift (core func $i "together")))
  (func (export "lies") (param "at" u32) (param "count" u32) (canon lift (core func $i "lies"))))

;; Would have the host call it back, as code does by the tools that it calls. A tool is given none: each call is answered
;; with a denial, without a guest, and they are counted. Code cannot call code either: `tests/code.rs`.
;; call: again {"times": 1}
;; expect: ok
;; call: again {"times": 10001}
;; expect: host_calls host_calls
(component
  (import "stockade:host/tools@0.1.0" (instance $tools
    (type $error (record (field "kind" string) (field "message" string) (field "detail" (option string))))
    (export "tool-error" (type $tool-error (eq $error)))
    (type $outcome (result string (error $tool-error)))
    (export "call" (func (param "name" string) (param "arguments" string) (result $outcome)))))
  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 0) "hostile.again{\"times\": 1}")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
  (core instance $m (instantiate $memory))
  (core func $call (canon lower (func $tools "call") (memory $m "memory") (realloc (func $m "realloc"))))
  (core module $guest
    (import "host" "call" (func $call (param i32 i32 i32 i32 i32)))
    (import "host" "memory" (memory 1))
    (func (export "again") (param $times i32)
      (loop $once
        (call $call (i32.const 0) (i32.const 13) (i32.const 13) (i32.const 12) (i32.const 1024))
        ;; An answer would be 0, and is an error.
        (if (i32.ne (i32.load8_u (i32.const 1024)) (i32.const 1)) (then (unreachable)))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br_if $once (local.get $times)))))
  (core instance $i (instantiate $guest
    (with "host" (instance (export "call" (func $call)) (export "memory" (memory $m "memory"))))))
  (func (export "again") (param "times" u32) (canon lift (core func $i "again"))))

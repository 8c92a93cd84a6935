;; Writes to its log.
(component
  (import "wasi:logging/logging@0.1.0-draft" (instance $logging
    (type $level' (enum "trace" "debug" "info" "warn" "error" "critical"))
    (export "level" (type $level (eq $level')))
    (export "log" (func (param "level" $level) (param "context" string) (param "message" string)))))
  (alias export $logging "level" (type $level))

  (core module $memory
    (memory (export "memory") 4)
    (data (i32.const 256) "gave up")
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (local.get $at)))
  (core instance $memory (instantiate $memory))
  (core func $log (canon lower (func $logging "log") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))

  (core module $m
    (import "host" "log" (func $log (param i32 i32 i32 i32 i32)))
    (import "memory" "memory" (memory 4))
    (func (export "write") (param i32 i32 i32 i32 i32)
      (call $log (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)))
    ;; So many lines of so many bytes.
    (func (export "flood") (param $lines i32) (param $bytes i32)
      (loop $again
        (call $log (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 1024) (local.get $bytes))
        (local.set $lines (i32.sub (local.get $lines) (i32.const 1)))
        (br_if $again (local.get $lines))))
    ;; A line and then an error.
    (func (export "fail") (result i32)
      (call $log (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 7))
      (i32.store8 (i32.const 64) (i32.const 1))
      (i32.store (i32.const 68) (i32.const 256))
      (i32.store (i32.const 72) (i32.const 7))
      (i32.const 64)))
  (core instance $i (instantiate $m
    (with "host" (instance (export "log" (func $log))))
    (with "memory" (instance $memory))))

  (export $level2 "level" (type $level))
  (func (export "write") (param "level" $level2) (param "context" string) (param "message" string)
    (canon lift (core func $i "write") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (func (export "flood") (param "lines" u32) (param "bytes" u32)
    (canon lift (core func $i "flood")))
  (func (export "fail") (result (result (error string)))
    (canon lift (core func $i "fail") (memory (core memory $memory "memory")))))

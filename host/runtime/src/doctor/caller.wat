;; Runs into each limit of calls into the host: how many, how long, how much, how many at one time,
;; and what is printed and logged.
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
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $output-stream (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (type $stream-error' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "[method]output-stream.write" (func
      (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $output-stream'))
    (export "output-stream" (type $output-stream (eq $output-stream')))
    (export "get-stdout" (func (result (own $output-stream))))))
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:logging/logging@0.1.0-draft" (instance $logging
    (type $level' (enum "trace" "debug" "info" "warn" "error" "critical"))
    (export "level" (type $level (eq $level')))
    (export "log" (func (param "level" $level) (param "context" string) (param "message" string)))))

  (core module $memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
  (core instance $memory (instantiate $memory))
  (core func $now (canon lower (func $clock "now")))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower (func $streams "[method]output-stream.write") (memory (core memory $memory "memory"))))
  (core func $random (canon lower (func $random "get-random-bytes")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $log (canon lower (func $logging "log") (memory (core memory $memory "memory"))))
  (core module $m
    (import "host" "now" (func $now (result i64)))
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "block" (func $block (param i32)))
    (import "host" "stdout" (func $stdout (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "random" (func $random (param i64 i32)))
    (import "host" "log" (func $log (param i32 i32 i32 i32 i32)))
    (func (export "time") (param $times i32)
      (loop $again
        (drop (call $now))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br_if $again (local.get $times))))
    (func (export "sleep") (param i64) (call $block (call $subscribe (local.get 0))))
    (func (export "streams") (loop $again (drop (call $stdout)) (br $again)))
    (func (export "write") (param $bytes i32)
      (call $write (call $stdout) (i32.const 64) (local.get $bytes) (i32.const 0)))
    (func (export "log") (param $bytes i32)
      (call $log (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 64) (local.get $bytes)))
    (func (export "random") (param $times i32) (param $bytes i64)
      (loop $again
        (call $random (local.get $bytes) (i32.const 0))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br_if $again (local.get $times)))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "now" (func $now)) (export "subscribe" (func $subscribe)) (export "block" (func $block))
    (export "stdout" (func $stdout)) (export "write" (func $write)) (export "random" (func $random))
    (export "log" (func $log))))))
  (func (export "time") (param "times" u32) (canon lift (core func $i "time")))
  (func (export "sleep") (param "nanos" u64) (canon lift (core func $i "sleep")))
  (func (export "streams") (canon lift (core func $i "streams")))
  (func (export "write") (param "bytes" u32) (canon lift (core func $i "write")))
  (func (export "log") (param "bytes" u32) (canon lift (core func $i "log")))
  (func (export "random") (param "times" u32) (param "bytes" u64) (canon lift (core func $i "random"))))

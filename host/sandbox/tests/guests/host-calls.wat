;; Asks the host for the time and for streams, again and again.
(component
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (export "now" (func (result u64)))))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type (sub resource)))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $output-stream))
    (export "output-stream" (type $stream (eq $output-stream)))
    (export "get-stdout" (func (result (own $stream))))))

  (core func $now (canon lower (func $clock "now")))
  (core func $stream (canon lower (func $stdout "get-stdout")))
  (core module $m
    (import "host" "now" (func $now (result i64)))
    (import "host" "stream" (func $stream (result i32)))
    (memory 2)
    (func (export "time") (param $times i32)
      (loop $again
        (drop (call $now))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br_if $again (local.get $times))))
    (func (export "streams")
      (loop $again
        (drop (call $stream))
        (br $again)))
    ;; Work that wasmtime does in a helper of the host, which is no call into the host.
    (func (export "fill") (param $times i32)
      (loop $again
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 1000))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br_if $again (local.get $times)))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "now" (func $now))
    (export "stream" (func $stream))))))
  (func (export "time") (param "times" u32) (canon lift (core func $i "time")))
  (func (export "streams") (canon lift (core func $i "streams")))
  (func (export "fill") (param "times" u32) (canon lift (core func $i "fill"))))

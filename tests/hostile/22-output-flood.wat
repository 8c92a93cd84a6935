;; Writes without end, by every way to write there is. What was kept is never more than the cap.
;; call: write
;; limits: stdio_bytes=10000
;; expect: output stdio_bytes
;; call: flush
;; limits: stdio_bytes=10000
;; expect: output stdio_bytes
;; call: zeroes
;; limits: stdio_bytes=10000
;; expect: output stdio_bytes
;; call: zeroes_flush
;; limits: stdio_bytes=10000
;; expect: output stdio_bytes
;; call: all_zeroes
;; limits: stdio_bytes=10000
;; expect: trap or hostcall_bytes host_bytes or output stdio_bytes
;; call: too_many_at_once
;; limits: stdio_bytes=1000000
;; expect: trap
;; call: stderr
;; limits: stdio_bytes=10000
;; expect: output stdio_bytes
;; call: write
;; limits: stdio_bytes=0
;; expect: output stdio_bytes
(component
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $output-stream (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (type $stream-error' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "[method]output-stream.write" (func
      (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]output-stream.write-zeroes" (func
      (param "self" (borrow $output-stream)) (param "len" u64) (result (result (error $stream-error)))))
    (export "[method]output-stream.blocking-write-zeroes-and-flush" (func
      (param "self" (borrow $output-stream)) (param "len" u64) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $output-stream'))
    (export "output-stream" (type $output-stream (eq $output-stream')))
    (export "get-stdout" (func (result (own $output-stream))))))
  (import "wasi:cli/stderr@0.2.0" (instance $stderr
    (alias outer 1 $output-stream (type $output-stream'))
    (export "output-stream" (type $output-stream (eq $output-stream')))
    (export "get-stderr" (func (result (own $output-stream))))))

  (core module $memory (memory (export "memory") 2))
  (core instance $memory (instantiate $memory))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core func $stderr (canon lower (func $stderr "get-stderr")))
  (core func $write (canon lower (func $streams "[method]output-stream.write") (memory (core memory $memory "memory"))))
  (core func $flush (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $memory "memory"))))
  (core func $zeroes (canon lower (func $streams "[method]output-stream.write-zeroes")
    (memory (core memory $memory "memory"))))
  (core func $zeroes-flush (canon lower (func $streams "[method]output-stream.blocking-write-zeroes-and-flush")
    (memory (core memory $memory "memory"))))
  (core module $m
    (import "host" "stdout" (func $stdout (result i32)))
    (import "host" "stderr" (func $stderr (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "flush" (func $flush (param i32 i32 i32 i32)))
    (import "host" "zeroes" (func $zeroes (param i32 i64 i32)))
    (import "host" "zeroes-flush" (func $zeroes-flush (param i32 i64 i32)))
    (global $to (mut i32) (i32.const 0))
    (func (export "write")
      (global.set $to (call $stdout))
      (loop $again
        (call $write (global.get $to) (i32.const 64) (i32.const 999) (i32.const 0))
        (br $again)))
    (func (export "stderr")
      (global.set $to (call $stderr))
      (loop $again
        (call $write (global.get $to) (i32.const 64) (i32.const 999) (i32.const 0))
        (br $again)))
    (func (export "flush")
      (global.set $to (call $stdout))
      (loop $again
        (call $flush (global.get $to) (i32.const 64) (i32.const 999) (i32.const 0))
        (br $again)))
    (func (export "zeroes")
      (global.set $to (call $stdout))
      (loop $again
        (call $zeroes (global.get $to) (i64.const 999) (i32.const 0))
        (br $again)))
    (func (export "zeroes-flush")
      (global.set $to (call $stdout))
      (loop $again
        (call $zeroes-flush (global.get $to) (i64.const 999) (i32.const 0))
        (br $again)))
    (func (export "all-zeroes") (call $zeroes (call $stdout) (i64.const -1) (i32.const 0)))
    (func (export "too-many-at-once") (call $flush (call $stdout) (i32.const 64) (i32.const 4097) (i32.const 0))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "stdout" (func $stdout)) (export "stderr" (func $stderr))
    (export "write" (func $write)) (export "flush" (func $flush))
    (export "zeroes" (func $zeroes)) (export "zeroes-flush" (func $zeroes-flush))))))
  (func (export "write") (canon lift (core func $i "write")))
  (func (export "stderr") (canon lift (core func $i "stderr")))
  (func (export "flush") (canon lift (core func $i "flush")))
  (func (export "zeroes") (canon lift (core func $i "zeroes")))
  (func (export "zeroes-flush") (canon lift (core func $i "zeroes-flush")))
  (func (export "all-zeroes") (canon lift (core func $i "all-zeroes")))
  (func (export "too-many-at-once") (canon lift (core func $i "too-many-at-once"))))

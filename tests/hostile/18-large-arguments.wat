;; Carries the most of one call into the host, again and again.
;; call: random {"times": 100, "bytes": 65536}
;; limits: host_bytes=1000000
;; expect: hostcall_bytes host_bytes
;; call: random {"times": 10, "bytes": 65536}
;; limits: host_bytes=1000000
;; expect: ok
;; call: write {"times": 100, "bytes": 4096}
;; limits: host_bytes=100000 stdio_bytes=1000000
;; expect: hostcall_bytes host_bytes
;; call: write {"times": 1, "bytes": 100000}
;; limits: hostcall_bytes=65536 stdio_bytes=1000000
;; expect: hostcall_bytes hostcall_bytes
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
      (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $output-stream'))
    (export "output-stream" (type $output-stream (eq $output-stream')))
    (export "get-stdout" (func (result (own $output-stream))))))
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))

  (core module $memory
    (memory (export "memory") 8)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
  (core instance $memory (instantiate $memory))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower (func $streams "[method]output-stream.write") (memory (core memory $memory "memory"))))
  (core func $random (canon lower (func $random "get-random-bytes")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $m
    (import "host" "stdout" (func $stdout (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "random" (func $random (param i64 i32)))
    (func (export "random") (param $times i32) (param $bytes i64)
      (loop $again
        (call $random (local.get $bytes) (i32.const 0))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br_if $again (local.get $times))))
    (func (export "write") (param $times i32) (param $bytes i32)
      (local $stdout i32)
      (local.set $stdout (call $stdout))
      (loop $again
        (call $write (local.get $stdout) (i32.const 64) (local.get $bytes) (i32.const 0))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br_if $again (local.get $times)))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "stdout" (func $stdout)) (export "write" (func $write)) (export "random" (func $random))))))
  (func (export "random") (param "times" u32) (param "bytes" u64) (canon lift (core func $i "random")))
  (func (export "write") (param "times" u32) (param "bytes" u32) (canon lift (core func $i "write"))))

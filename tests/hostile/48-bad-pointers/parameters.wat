;; Hands the host texts that are not where it says.
;; call: host {"at": 2147418112, "length": 100}
;; expect: trap abi
;; call: host {"at": 16, "length": 4294967295}
;; expect: trap or hostcall_bytes hostcall_bytes
;; call: answer_outside
;; expect: trap
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
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower (func $streams "[method]output-stream.write") (memory (core memory $memory "memory"))))
  (core module $m
    (import "host" "stdout" (func $stdout (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (func (export "host") (param i32 i32) (call $write (call $stdout) (local.get 0) (local.get 1) (i32.const 0)))
    (func (export "answer-outside") (call $write (call $stdout) (i32.const 16) (i32.const 4) (i32.const 65532))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "stdout" (func $stdout)) (export "write" (func $write))))))
  (func (export "host") (param "at" u32) (param "length" u32) (canon lift (core func $i "host")))
  (func (export "answer-outside") (canon lift (core func $i "answer-outside"))))

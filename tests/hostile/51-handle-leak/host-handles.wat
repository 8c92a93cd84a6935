;; Takes streams from the host and never gives one back; and takes and gives back more than it could ever hold.
;; call: leak
;; limits: resources=100
;; expect: handles resources
;; call: leak
;; limits: handles=100
;; expect: handles handles
;; call: turn
;; limits: resources=2 handles=2
;; expect: ok
(component
  (import "wasi:io/streams@0.2.0" (instance $streams (export "output-stream" (type (sub resource)))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $output-stream'))
    (export "output-stream" (type $output-stream (eq $output-stream')))
    (export "get-stdout" (func (result (own $output-stream))))))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core func $drop (canon resource.drop $output-stream))
  (core module $m
    (import "host" "stdout" (func $stdout (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (func (export "leak") (loop $again (drop (call $stdout)) (br $again)))
    (func (export "turn")
      (local $left i32)
      (local.set $left (i32.const 1000))
      (loop $again
        (call $drop (call $stdout))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "stdout" (func $stdout)) (export "drop" (func $drop))))))
  (func (export "leak") (canon lift (core func $i "leak")))
  (func (export "turn") (canon lift (core func $i "turn"))))

;; Asks for chance and for time, each by every door there is.
(component
  (import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))))
  (import "wasi:random/insecure@0.2.0" (instance $insecure (export "get-insecure-random-u64" (func (result u64)))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (export "now" (func (result u64)))
    (export "resolution" (func (result u64)))))
  (core func $random (canon lower (func $random "get-random-u64")))
  (core func $insecure (canon lower (func $insecure "get-insecure-random-u64")))
  (core func $now (canon lower (func $clock "now")))
  (core func $resolution (canon lower (func $clock "resolution")))
  (core module $m
    (import "host" "random" (func $random (result i64)))
    (import "host" "insecure" (func $insecure (result i64)))
    (import "host" "now" (func $now (result i64)))
    (import "host" "resolution" (func $resolution (result i64)))
    (func (export "secure") (result i64) (i64.add (call $random) (call $random)))
    (func (export "insecure") (result i64) (i64.add (call $insecure) (call $insecure)))
    (func (export "later") (result i64) (drop (call $now)) (drop (call $now)) (call $now))
    (func (export "resolution") (result i64) (call $resolution)))
  (core instance $i (instantiate $m (with "host" (instance
    (export "random" (func $random))
    (export "insecure" (func $insecure))
    (export "now" (func $now))
    (export "resolution" (func $resolution))))))
  (func (export "secure") (result u64) (canon lift (core func $i "secure")))
  (func (export "insecure") (result u64) (canon lift (core func $i "insecure")))
  (func (export "later") (result u64) (canon lift (core func $i "later")))
  (func (export "resolution") (result u64) (canon lift (core func $i "resolution"))))

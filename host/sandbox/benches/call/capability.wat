;; Calls the host again and again, for a number and for a string.
(component
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (export "now" (func (result u64)))))
  (import "stockade:host/effect@0.1.0" (instance $effect
    (export "idempotency-key" (func (result string)))))

  ;; The host puts each string at the same place.
  (core module $memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (core func $now (canon lower (func $clock "now")))
  (core func $key (canon lower (func $effect "idempotency-key") (memory $mem) (realloc (func $memory "realloc"))))

  (core module $m
    (import "host" "now" (func $now (result i64)))
    (import "host" "key" (func $key (param i32)))
    (func (export "now") (param $times i32)
      (loop $again
        (drop (call $now))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br_if $again (local.get $times))))
    (func (export "key") (param $times i32)
      (loop $again
        (call $key (i32.const 16))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br_if $again (local.get $times)))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "now" (func $now))
    (export "key" (func $key))))))
  (func (export "now") (param "times" u32) (canon lift (core func $i "now")))
  (func (export "key") (param "times" u32) (canon lift (core func $i "key"))))

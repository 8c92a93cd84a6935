;; Marks itself, and traps: no later call meets what it left behind, because no instance is called twice.
;; call: count
;; expect: ok 1
;; call: trap
;; expect: trap UnreachableCodeReached
;; call: count
;; expect: ok 1
;; call: spin
;; limits: fuel=18446744073709551615 wall_us=10000
;; expect: deadline wall_us
;; call: count
;; expect: ok 1
(component
  (core module $m
    (global $count (mut i32) (i32.const 0))
    (func $count (export "count") (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (global.get $count))
    (func (export "trap") (drop (call $count)) (unreachable))
    (func (export "spin") (loop $again (drop (call $count)) (br $again))))
  (core instance $i (instantiate $m))
  (func (export "count") (result u32) (canon lift (core func $i "count")))
  (func (export "trap") (canon lift (core func $i "trap")))
  (func (export "spin") (canon lift (core func $i "spin"))))

;; Calls a part of itself that calls it back before it has returned.
;; call: run
;; expect: trap CannotEnterComponent
(component
  (core module $back (func (export "back")))
  (core instance $back (instantiate $back))
  (func $back (canon lift (core func $back "back")))
  (component $part
    (import "back" (func $back))
    (core func $back (canon lower (func $back)))
    (core module $m
      (import "host" "back" (func $back))
      (func (export "go") (call $back)))
    (core instance $i (instantiate $m (with "host" (instance (export "back" (func $back))))))
    (func (export "go") (canon lift (core func $i "go"))))
  (instance $part (instantiate $part (with "back" (func $back))))
  (core func $go (canon lower (func $part "go")))
  (core module $m
    (import "part" "go" (func $go))
    (func (export "run") (call $go)))
  (core instance $i (instantiate $m (with "part" (instance (export "go" (func $go))))))
  (func (export "run") (canon lift (core func $i "run"))))

;; Makes handles without end, in two of its parts, so that a cap for each instance would count too late.
;; call: leak
;; limits: handles=1000
;; expect: handles handles
;; call: leak
;; expect: handles handles
(component
  (component $part
    (type $thing (resource (rep i32)))
    (core func $new (canon resource.new $thing))
    (core module $m
      (import "host" "new" (func $new (param i32) (result i32)))
      (func (export "leak") (drop (call $new (i32.const 0)))))
    (core instance $i (instantiate $m (with "host" (instance (export "new" (func $new))))))
    (func (export "leak") (canon lift (core func $i "leak"))))
  (component $caller
    (import "one" (func $one))
    (import "two" (func $two))
    (core func $one (canon lower (func $one)))
    (core func $two (canon lower (func $two)))
    (core module $m
      (import "part" "one" (func $one))
      (import "part" "two" (func $two))
      (func (export "leak") (loop $again (call $one) (call $two) (br $again))))
    (core instance $i (instantiate $m (with "part" (instance (export "one" (func $one)) (export "two" (func $two))))))
    (func (export "leak") (canon lift (core func $i "leak"))))
  (instance $one (instantiate $part))
  (instance $two (instantiate $part))
  (instance $caller (instantiate $caller (with "one" (func $one "leak")) (with "two" (func $two "leak"))))
  (export "leak" (func $caller "leak")))

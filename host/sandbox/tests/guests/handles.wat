;; Makes handles of its own resource and never drops one.
(component
  (type $thing (resource (rep i32)))
  (core func $new (canon resource.new $thing))
  (core module $m
    (import "host" "new" (func $new (param i32) (result i32)))
    (func (export "leak")
      (loop $again
        (drop (call $new (i32.const 0)))
        (br $again))))
  (core instance $i (instantiate $m (with "host" (instance (export "new" (func $new))))))
  (func (export "leak") (canon lift (core func $i "leak"))))

;; Wants four megabytes before it has done anything.
(component
  (core module $m (memory 64) (func (export "fine") (result i32) (i32.const 42)))
  (core instance $i (instantiate $m))
  (func (export "fine") (result u32) (canon lift (core func $i "fine"))))

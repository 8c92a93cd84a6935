;; Wants more to begin with than any memory of the pool can hold.
(component
  (core module $m (memory 2000) (func (export "fine") (result i32) (i32.const 42)))
  (core instance $i (instantiate $m))
  (func (export "fine") (result u32) (canon lift (core func $i "fine"))))

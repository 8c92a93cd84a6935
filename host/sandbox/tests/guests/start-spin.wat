;; Does its mischief before it is called.
(component
  (core module $m
    (func $spin (loop $again (br $again)))
    (func (export "fine") (result i32) (i32.const 42))
    (start $spin))
  (core instance $i (instantiate $m))
  (func (export "fine") (result u32) (canon lift (core func $i "fine"))))

;; Calls itself for ever.
(component
  (core module $m
    (func $run (export "run") (result i32) (i32.add (i32.const 1) (call $run))))
  (core instance $i (instantiate $m))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))

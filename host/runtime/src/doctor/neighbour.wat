;; Does something honest while another guest does not.
(component
  (core module $m (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))
  (core instance $i (instantiate $m))
  (func (export "double") (param "number" u32) (result u32) (canon lift (core func $i "double"))))

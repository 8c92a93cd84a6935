;; Is made of five modules.
(component
  (core module $m (func (export "fine") (result i32) (i32.const 42)))
  (core instance $a (instantiate $m))
  (core instance $b (instantiate $m))
  (core instance $c (instantiate $m))
  (core instance $d (instantiate $m))
  (core instance $e (instantiate $m))
  (func (export "fine") (result u32) (canon lift (core func $e "fine"))))

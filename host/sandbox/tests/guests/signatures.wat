;; Exports functions that a tool can have, and one that it cannot.
(component
  (core module $m
    (func (export "f") (result i32) (i32.const 0))
    (func (export "g") (param i32)))
  (core instance $i (instantiate $m))

  (component $shop
    (type $thing' (resource (rep i32)))
    (export $thing "thing" (type $thing'))
    (core module $m (func (export "drop") (param i32)) (func (export "count") (result i32) (i32.const 3)))
    (core instance $i (instantiate $m))
    (func (export "take") (param "thing" (own $thing)) (canon lift (core func $i "drop")))
    (func (export "count-all") (result u32) (canon lift (core func $i "count"))))
  (instance $one (instantiate $shop))
  (instance $two (instantiate $shop))
  (export "test:shop/one@1.2.3" (instance $one))
  (export "test:shop/two@1.2.3" (instance $two))
  (func (export "either") (result bool) (canon lift (core func $i "f"))))

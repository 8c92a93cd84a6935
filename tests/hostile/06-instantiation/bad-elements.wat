;; Has functions for a table that is too small.
;; call: fine
;; expect: trap TableOutOfBounds
(component
  (core module $m (table 1 funcref) (elem (i32.const 1) $f) (func $f (export "fine")))
  (core instance $i (instantiate $m))
  (func (export "fine") (canon lift (core func $i "fine"))))

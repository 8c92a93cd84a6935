;; Wants the component itself to start something.
;; load: invalid component
(component
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (start $f))

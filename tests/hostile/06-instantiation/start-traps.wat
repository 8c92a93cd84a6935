;; Traps before it is called.
;; call: fine
;; expect: trap UnreachableCodeReached
(component
  (core module $m (func $trap unreachable) (func (export "fine")) (start $trap))
  (core instance $i (instantiate $m))
  (func (export "fine") (canon lift (core func $i "fine"))))

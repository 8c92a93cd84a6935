;; Works before it is called.
;; call: fine
;; limits: fuel=1000000
;; expect: fuel fuel
;; call: fine
;; limits: fuel=18446744073709551615 wall_us=30000
;; expect: deadline wall_us
(component
  (core module $m
    (func $spin (loop $again (br $again)))
    (func (export "fine"))
    (start $spin))
  (core instance $i (instantiate $m))
  (func (export "fine") (canon lift (core func $i "fine"))))

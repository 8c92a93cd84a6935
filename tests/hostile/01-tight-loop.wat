;; A loop without end, which neither calls nor allocates anything.
;; call: spin
;; limits: fuel=1234567
;; expect: fuel fuel
;; call: spin
;; limits: fuel=18446744073709551615 wall_us=30000
;; expect: deadline wall_us
(component
  (core module $m (func (export "spin") (loop $again (br $again))))
  (core instance $i (instantiate $m))
  (func (export "spin") (canon lift (core func $i "spin"))))

;; Asks for something that nobody has heard of.
(component
  (import "acme:warp/drive@1.0.0" (instance (export "engage" (func))))
  (core module $m (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))

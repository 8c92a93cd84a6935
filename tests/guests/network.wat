;; Asks to be a server, which nobody offers.
(component
  (import "wasi:http/incoming-handler@0.2.0" (instance))
  (core module $m (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))

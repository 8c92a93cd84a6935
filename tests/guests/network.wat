;; Asks for the network, which nobody offers.
(component
  (import "wasi:sockets/instance-network@0.2.0" (instance
    (export "network" (type (sub resource)))))
  (core module $m (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))

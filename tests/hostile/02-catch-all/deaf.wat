;; Is told "no" again and again, and goes on.
;; call: spin
;; limits: fuel=1000000
;; expect: fuel fuel
(component
  (core module $m
    (memory 1 2)
    (func (export "spin") (loop $again (drop (memory.grow (i32.const 100))) (br $again))))
  (core instance $i (instantiate $m))
  (func (export "spin") (canon lift (core func $i "spin"))))

;; Takes a megabyte at a time, whether it gets it or not.
(component
  (core module $m
    (memory 1)
    (func (export "run") (loop $again (drop (memory.grow (i32.const 16))) (br $again))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))

;; Takes memory before it is called.
;; call: fine
;; limits: memory_bytes=1048576
;; expect: memory memory_bytes
(component
  (core module $m
    (memory 1)
    (func $grow (loop $again (drop (memory.grow (i32.const 1))) (br $again)))
    (func (export "fine"))
    (start $grow))
  (core instance $i (instantiate $m))
  (func (export "fine") (canon lift (core func $i "fine"))))

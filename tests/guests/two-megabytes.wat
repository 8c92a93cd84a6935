;; Returns a text of two megabytes: few enough for the host to take, too many for it to pass on.
(component
  (core module $m
    (memory (export "memory") 40)
    (func (export "run") (result i32)
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 0x200000))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (result string) (canon lift (core func $i "run") (memory (core memory $i "memory")))))

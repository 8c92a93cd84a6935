;; Says things in its error that would move a cursor, write over a line, hide or turn text.
(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 64) "\1b[2J\1b]52;c;ZXZpbA==\07ok\0drun 1 approved\e2\80\aetxt\e2\80\8b\00 error: fake")
    (func (export "fail") (result i32)
      (i32.store (i32.const 0) (i32.const 1))
      (i32.store (i32.const 4) (i32.const 64))
      (i32.store (i32.const 8) (i32.const 59))
      (i32.const 0))
    (func (export "succeed") (result i32)
      (i32.store (i32.const 0) (i32.const 64))
      (i32.store (i32.const 4) (i32.const 59))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "fail") (result (result (error string))) (canon lift (core func $i "fail") (memory (core memory $i "memory"))))
  (func (export "succeed") (result string) (canon lift (core func $i "succeed") (memory (core memory $i "memory")))))

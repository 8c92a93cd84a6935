;; Returns a value that is as large as one may be, from outside of its memory, and a map that claims to be endless.
;; call: rows
;; expect: trap
;; call: endless
;; expect: trap
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "rows") (result i32) (i32.const 60000))
    (func (export "endless") (result i32)
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 0x7fffffff))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (type $row (list u64 256))
  (type $rows (list $row 256))
  (func (export "rows") (result $rows) (canon lift (core func $i "rows") (memory $memory)))
  (type $endless (map u32 string))
  (func (export "endless") (result $endless) (canon lift (core func $i "endless") (memory $memory))))

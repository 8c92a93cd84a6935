;; Makes few instructions do much: a byte that is filled or copied costs as much as an instruction, a page more.
;; call: fill
;; expect: fuel fuel
;; call: copy
;; expect: fuel fuel
;; call: pages
;; expect: fuel fuel or memory memory_bytes
;; call: nothing
;; limits: fuel=5000000
;; expect: fuel fuel
;; call: table
;; limits: fuel=5000000
;; expect: fuel fuel
;; call: fill
;; limits: fuel=18446744073709551615 wall_us=50000
;; expect: deadline wall_us
(component
  (core module $m
    (memory 256)
    (table $table 10000 funcref)
    (func (export "fill")
      (loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x1000000)) (br $again)))
    (func (export "copy")
      (loop $again (memory.copy (i32.const 0) (i32.const 1) (i32.const 0xffffff)) (br $again)))
    (func (export "pages") (loop $again (drop (memory.grow (i32.const 1))) (br $again)))
    (func (export "nothing") (loop $again (drop (memory.grow (i32.const 0))) (br $again)))
    (func (export "table")
      (loop $again (table.fill $table (i32.const 0) (ref.null func) (i32.const 10000)) (br $again))))
  (core instance $i (instantiate $m))
  (func (export "fill") (canon lift (core func $i "fill")))
  (func (export "copy") (canon lift (core func $i "copy")))
  (func (export "pages") (canon lift (core func $i "pages")))
  (func (export "nothing") (canon lift (core func $i "nothing")))
  (func (export "table") (canon lift (core func $i "table"))))

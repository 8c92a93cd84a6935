;; Grows a table: without a maximum until it is stopped, past its own maximum, and by as much as can be written.
;; call: grow
;; limits: table_elements=5000
;; expect: table table_elements
;; call: huge
;; expect: fuel fuel
;; call: huge
;; limits: fuel=18446744073709551615
;; expect: table table_elements or ok -1
;; call: bounded
;; expect: ok -1
(component
  (core module $m
    (table $table 1 funcref)
    (table $bounded 1 2 funcref)
    (func (export "grow")
      (loop $again (drop (table.grow $table (ref.null func) (i32.const 1000))) (br $again)))
    (func (export "huge") (result i32) (table.grow $table (ref.null func) (i32.const -1)))
    (func (export "bounded") (result i32) (table.grow $bounded (ref.null func) (i32.const -1))))
  (core instance $i (instantiate $m))
  (func (export "grow") (canon lift (core func $i "grow")))
  (func (export "huge") (result s32) (canon lift (core func $i "huge")))
  (func (export "bounded") (result s32) (canon lift (core func $i "bounded"))))

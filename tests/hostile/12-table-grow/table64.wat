;; Has a table with 64-bit indices.
;; load: invalid component
(component
  (core module $m
    (table $table i64 1 funcref)
    (func (export "grow") (drop (table.grow $table (ref.null func) (i64.const -1)))))
  (core instance $i (instantiate $m))
  (func (export "grow") (canon lift (core func $i "grow"))))

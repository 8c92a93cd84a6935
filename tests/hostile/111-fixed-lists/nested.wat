;; Lists of fixed length within each other, whose size in bytes is 0 in 32 bits.
;; load: invalid value_bytes
(component
  (type $row (list u64 65536))
  (type $table (list $row 65536))
  (type $cube (list $table 65536))
  (type $both (record (field "a" $cube) (field "b" $cube)))
  (export "both" (type $both)))

;; The same within the type of an instance that a nested component imports and nobody gives it.
;; load: invalid value_bytes
(component
  (component
    (type $outer (instance
      (type $row (list u64 65536))
      (type $table (list $row 65536))
      (export "f" (func (param "x" $table)))))
    (import "a" (instance (type $outer)))))

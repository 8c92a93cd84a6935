;; A list of fixed length that is larger than any memory, in a few bytes.
;; load: invalid value_bytes
(component
  (type $long (list u64 1073741824))
  (import "long" (type (eq $long))))

;; Imports WASI 0.3, and hides it behind the name of a type.
;; load: invalid component
(component
  (import "wasi:cli/stdout@0.3.0" (instance
    (type (stream u8))
    (export "write" (func async (param "data" 0))))))

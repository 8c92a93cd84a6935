;; Has data for a memory that is too small.
;; call: fine
;; expect: trap MemoryOutOfBounds
(component
  (core module $m (memory 1) (data (i32.const 65535) "too much") (func (export "fine")))
  (core instance $i (instantiate $m))
  (func (export "fine") (canon lift (core func $i "fine"))))

;; Hands another part of itself texts that are not where it says, in another encoding.
;; call: part {"at": 2147418112, "length": 100}
;; expect: trap
;; call: part {"at": 16, "length": 4294967295}
;; expect: trap
;; call: part {"at": 16, "length": 5}
;; expect: ok
(component
  (component $part
    (core module $m
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
      (func (export "take") (param i32 i32)))
    (core instance $i (instantiate $m))
    (func (export "take") (param "text" string)
      (canon lift (core func $i "take") string-encoding=utf16
        (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (component $caller
    (import "take" (func $take (param "text" string)))
    (core module $memory (memory (export "memory") 1))
    (core instance $memory (instantiate $memory))
    (core func $take (canon lower (func $take) (memory (core memory $memory "memory"))))
    (core module $m
      (import "host" "take" (func $take (param i32 i32)))
      (func (export "part") (param i32 i32) (call $take (local.get 0) (local.get 1))))
    (core instance $i (instantiate $m (with "host" (instance (export "take" (func $take))))))
    (func (export "part") (param "at" u32) (param "length" u32) (canon lift (core func $i "part"))))
  (instance $part (instantiate $part))
  (instance $caller (instantiate $caller (with "take" (func $part "take"))))
  (export "part" (func $caller "part")))

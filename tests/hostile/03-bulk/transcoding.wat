;; Has one part of itself send another a text of eight megabytes in another encoding, which the host converts and no
;; fuel is asked for: the deadline must hold all the same.
;; call: send
;; limits: fuel=18446744073709551615 wall_us=50000
;; expect: deadline wall_us
(component
  (component $callee
    (core module $m
      (memory (export "memory") 400)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
      (func (export "take") (param i32 i32)))
    (core instance $i (instantiate $m))
    (func (export "take") (param "text" string)
      (canon lift (core func $i "take") string-encoding=utf16
        (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (component $caller
    (import "take" (func $take (param "text" string)))
    (core module $memory (memory (export "memory") 130))
    (core instance $memory (instantiate $memory))
    (core func $take (canon lower (func $take) (memory (core memory $memory "memory"))))
    (core module $m
      (import "host" "take" (func $take (param i32 i32)))
      (func (export "send") (loop $again (call $take (i32.const 0) (i32.const 0x800000)) (br $again))))
    (core instance $i (instantiate $m (with "host" (instance (export "take" (func $take))))))
    (func (export "send") (canon lift (core func $i "send"))))
  (instance $callee (instantiate $callee))
  (instance $caller (instantiate $caller (with "take" (func $callee "take"))))
  (export "send" (func $caller "send")))

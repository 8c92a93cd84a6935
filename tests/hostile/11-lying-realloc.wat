;; Gives the host addresses for the arguments that are no place for them.
;; call: unaligned {"numbers": [1, 2], "text": "abc"}
;; expect: trap abi or trap UnalignedPointer
;; call: outside {"numbers": [1, 2], "text": "abc"}
;; expect: trap
;; call: beyond {"numbers": [1, 2], "text": "abc"}
;; expect: trap
;; call: same {"numbers": [1, 2], "text": "abc"}
;; expect: ok 0
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "unaligned") (param i32 i32 i32 i32) (result i32) (i32.const 17))
    (func (export "outside") (param i32 i32 i32 i32) (result i32) (i32.const -8))
    ;; Begins inside and ends outside.
    (func (export "beyond") (param i32 i32 i32 i32) (result i32) (i32.const 65532))
    ;; One place for everything: nobody is harmed but the guest.
    (func (export "same") (param i32 i32 i32 i32) (result i32) (i32.const 16))
    (func (export "f") (param i32 i32 i32 i32) (result i32)
      (i32.sub (local.get 0) (local.get 2))))
  (core instance $i (instantiate $m))
  (func (export "unaligned") (param "numbers" (list u32)) (param "text" string) (result u32)
    (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "unaligned"))))
  (func (export "outside") (param "numbers" (list u32)) (param "text" string) (result u32)
    (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "outside"))))
  (func (export "beyond") (param "numbers" (list u32)) (param "text" string) (result u32)
    (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "beyond"))))
  (func (export "same") (param "numbers" (list u32)) (param "text" string) (result u32)
    (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "same")))))

;; Returns numbers that are no value of the type: refused, or made into one that is.
;; call: bool
;; expect: ok true
;; call: byte
;; expect: ok 255
;; call: signed
;; expect: ok -1
;; call: surrogate
;; expect: trap
;; call: beyond
;; expect: trap
;; call: enum
;; expect: trap
;; call: variant
;; expect: trap
;; call: option
;; expect: trap
;; call: flags
;; expect: ok ["two"]
;; call: nan
;; expect: ok
(component
  (type $color' (enum "red" "blue"))
  (export $color "color" (type $color'))
  (type $shape' (variant (case "none") (case "circle" u32)))
  (export $shape "shape" (type $shape'))
  (type $rights' (flags "one" "two" "three"))
  (export $rights "rights" (type $rights'))
  (core module $m
    (memory (export "memory") 1)
    (func (export "seven") (result i32) (i32.const 7))
    (func (export "ones") (result i32) (i32.const -1))
    (func (export "surrogate") (result i32) (i32.const 0xd800))
    (func (export "beyond") (result i32) (i32.const 0x110000))
    ;; The second flag, and every bit that is none.
    (func (export "flags") (result i32) (i32.const 0xfffffffa))
    (func (export "nan") (result f64) (f64.const nan:0x123456789abcd))
    (func (export "pair") (result i32)
      (i32.store (i32.const 16) (i32.const 7))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "bool") (result bool) (canon lift (core func $i "seven")))
  (func (export "byte") (result u8) (canon lift (core func $i "ones")))
  (func (export "signed") (result s16) (canon lift (core func $i "ones")))
  (func (export "surrogate") (result char) (canon lift (core func $i "surrogate")))
  (func (export "beyond") (result char) (canon lift (core func $i "beyond")))
  (func (export "enum") (result $color) (canon lift (core func $i "seven")))
  (func (export "variant") (result $shape) (canon lift (core func $i "pair") (memory (core memory $i "memory"))))
  (func (export "option") (result (option u32)) (canon lift (core func $i "pair") (memory (core memory $i "memory"))))
  (func (export "flags") (result $rights) (canon lift (core func $i "flags")))
  (func (export "nan") (result f64) (canon lift (core func $i "nan"))))

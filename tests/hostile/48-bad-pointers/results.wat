;; Returns texts and lists that are not where it says, or not what it says.
;; call: outside
;; expect: trap abi
;; call: overflow
;; expect: trap abi
;; call: list
;; expect: trap abi
;; call: unaligned
;; expect: trap
;; call: result_outside
;; expect: trap
;; call: invalid
;; expect: trap abi
;; call: odd
;; expect: trap abi
;; call: surrogate
;; expect: trap abi
;; call: tagged
;; expect: trap abi
;; call: tagged_odd
;; expect: trap abi
(component
  (core module $m
    (memory (export "memory") 1)
    (func $pair (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0))
      (i32.store (i32.const 4) (local.get 1))
      (i32.const 0))
    (func (export "outside") (result i32) (call $pair (i32.const 0x7fff0000) (i32.const 100)))
    (func (export "overflow") (result i32) (call $pair (i32.const 16) (i32.const -1)))
    (func (export "list") (result i32) (call $pair (i32.const 16) (i32.const 0x20000001)))
    (func (export "unaligned") (result i32) (call $pair (i32.const 17) (i32.const 2)))
    (func (export "result-outside") (result i32) (i32.const 65532))
    (func (export "invalid") (result i32)
      (i32.store (i32.const 16) (i32.const 0xfffe80c0))
      (call $pair (i32.const 16) (i32.const 4)))
    (func (export "odd") (result i32) (call $pair (i32.const 17) (i32.const 2)))
    (func (export "surrogate") (result i32)
      (i32.store (i32.const 16) (i32.const 0x0041d800))
      (call $pair (i32.const 16) (i32.const 2)))
    (func (export "tagged") (result i32) (call $pair (i32.const 16) (i32.const 0xffffffff)))
    (func (export "tagged-odd") (result i32) (call $pair (i32.const 17) (i32.const 0x80000001))))
  (core instance $i (instantiate $m))
  (func (export "outside") (result string) (canon lift (core func $i "outside") (memory (core memory $i "memory"))))
  (func (export "overflow") (result string) (canon lift (core func $i "overflow") (memory (core memory $i "memory"))))
  (func (export "list") (result (list u64)) (canon lift (core func $i "list") (memory (core memory $i "memory"))))
  (func (export "unaligned") (result (list u64)) (canon lift (core func $i "unaligned") (memory (core memory $i "memory"))))
  (func (export "result-outside") (result string) (canon lift (core func $i "result-outside") (memory (core memory $i "memory"))))
  (func (export "invalid") (result string) (canon lift (core func $i "invalid") (memory (core memory $i "memory"))))
  (func (export "odd") (result string)
    (canon lift (core func $i "odd") string-encoding=utf16 (memory (core memory $i "memory"))))
  (func (export "surrogate") (result string)
    (canon lift (core func $i "surrogate") string-encoding=utf16 (memory (core memory $i "memory"))))
  (func (export "tagged") (result string)
    (canon lift (core func $i "tagged") string-encoding=latin1+utf16 (memory (core memory $i "memory"))))
  (func (export "tagged-odd") (result string)
    (canon lift (core func $i "tagged-odd") string-encoding=latin1+utf16 (memory (core memory $i "memory")))))

;; Keeps a handle that another part of it lent, gives one away while it is lent, and forges one of its own.
;; call: keep
;; expect: trap abi or trap BorrowDropped
;; call: forge {"handle": 77}
;; expect: trap
;; call: twice
;; expect: trap
(component
  (component $part
    (type $thing' (resource (rep i32)))
    (export $thing "thing" (type $thing'))
    (core func $new (canon resource.new $thing'))
    (core module $m
      (import "host" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const 1))))
    (core instance $i (instantiate $m (with "host" (instance (export "new" (func $new))))))
    (func (export "make") (result (own $thing)) (canon lift (core func $i "make"))))
  (component $borrower
    (import "thing" (type $thing (sub resource)))
    (core module $m (func (export "keep") (param i32)))
    (core instance $i (instantiate $m))
    ;; Returns without dropping what it was lent.
    (func (export "keep") (param "thing" (borrow $thing)) (canon lift (core func $i "keep"))))
  (component $caller
    (import "thing" (type $thing (sub resource)))
    (import "make" (func $make (result (own $thing))))
    (import "keep" (func $keep (param "thing" (borrow $thing))))
    (core func $make (canon lower (func $make)))
    (core func $keep (canon lower (func $keep)))
    (core func $drop (canon resource.drop $thing))
    (core module $m
      (import "host" "make" (func $make (result i32)))
      (import "host" "keep" (func $keep (param i32)))
      (import "host" "drop" (func $drop (param i32)))
      (func (export "keep") (call $keep (call $make)))
      (func (export "forge") (param i32) (call $drop (local.get 0)))
      (func (export "twice")
        (local $handle i32)
        (local.set $handle (call $make))
        (call $drop (local.get $handle))
        (call $keep (local.get $handle))))
    (core instance $i (instantiate $m (with "host" (instance
      (export "make" (func $make)) (export "keep" (func $keep)) (export "drop" (func $drop))))))
    (func (export "keep") (canon lift (core func $i "keep")))
    (func (export "forge") (param "handle" u32) (canon lift (core func $i "forge")))
    (func (export "twice") (canon lift (core func $i "twice"))))
  (instance $part (instantiate $part))
  (alias export $part "thing" (type $thing))
  (instance $borrower (instantiate $borrower (with "thing" (type $thing))))
  (instance $caller (instantiate $caller
    (with "thing" (type $thing)) (with "make" (func $part "make")) (with "keep" (func $borrower "keep"))))
  (export "keep" (func $caller "keep"))
  (export "forge" (func $caller "forge"))
  (export "twice" (func $caller "twice")))

;; Grows four memories, in three components, to what one alone may have.
;; call: grow {"pages": 100}
;; limits: memory_bytes=16777216
;; expect: memory memory_bytes
;; call: grow {"pages": 10}
;; limits: memory_bytes=16777216
;; expect: ok
;; call: grow {"pages": 10}
;; limits: memories=3
;; expect: instances memories
(component
  (component $part
    (core module $m (memory 1) (func (export "grow") (param i32) (drop (memory.grow (local.get 0)))))
    (core instance $i (instantiate $m))
    (func (export "grow") (param "pages" u32) (canon lift (core func $i "grow"))))
  (component $caller
    (import "three" (func $three (param "pages" u32)))
    (import "four" (func $four (param "pages" u32)))
    (core module $m (memory 1) (func (export "grow") (param i32) (drop (memory.grow (local.get 0)))))
    (core instance $one (instantiate $m))
    (core instance $two (instantiate $m))
    (core func $three (canon lower (func $three)))
    (core func $four (canon lower (func $four)))
    (core module $all
      (import "part" "one" (func $one (param i32)))
      (import "part" "two" (func $two (param i32)))
      (import "part" "three" (func $three (param i32)))
      (import "part" "four" (func $four (param i32)))
      (func (export "grow") (param i32)
        (call $one (local.get 0))
        (call $two (local.get 0))
        (call $three (local.get 0))
        (call $four (local.get 0))))
    (core instance $all (instantiate $all (with "part" (instance
      (export "one" (func $one "grow"))
      (export "two" (func $two "grow"))
      (export "three" (func $three))
      (export "four" (func $four))))))
    (func (export "grow") (param "pages" u32) (canon lift (core func $all "grow"))))
  (instance $three (instantiate $part))
  (instance $four (instantiate $part))
  (instance $caller (instantiate $caller (with "three" (func $three "grow")) (with "four" (func $four "grow"))))
  (export "grow" (func $caller "grow")))
